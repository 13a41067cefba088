#include "harness/scenario/number_range.h"

#include <cmath>

#include <fmt/format.h>

namespace isoframe::harness::scenario {
namespace {

void require_finite(const Value& value, const std::string& called, double number) {
  if (std::isinf(number)) value.fail(fmt::format("{} wants a finite number, not {}", called, number));
}

}  // namespace

double number_in_range(const Value& value, const std::string& called, double least, double most) {
  const double number = value.number(called);
  if (!std::isinf(most)) require_finite(value, called, number);
  // A range without an upper end is said without one, not with 309 digits.
  if (number < least && most >= std::numeric_limits<double>::max())
    value.fail(fmt::format("{} {} is below {}", called, number, least));
  if (number < least || number > most)
    value.fail(fmt::format("{} {} is outside {} to {}", called, number, least, most));
  return number;
}

double number_above_zero(const Value& value, const std::string& called, double most) {
  const double number = value.number(called);
  require_finite(value, called, number);
  if (!(number > 0.0)) value.fail(fmt::format("{} {} is not above 0", called, number));
  if (number > most) value.fail(fmt::format("{} {} is above {}", called, number, most));
  return number;
}

}  // namespace isoframe::harness::scenario
