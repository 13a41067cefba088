#include "model/checkpoint/positive_number.h"

#include <fmt/format.h>

namespace isoframe::model::checkpoint {

double positive_number(const Config& config, const std::string& key, double otherwise) {
  const double number = config.number(key, otherwise);
  if (!(number > 0.0)) config.fail(key, fmt::format("must be above 0, but is {}", number));
  return number;
}

}  // namespace isoframe::model::checkpoint
