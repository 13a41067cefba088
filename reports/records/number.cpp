#include "reports/records/number.h"

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

namespace isoframe::reports::records {

using nlohmann::json;

json number_to_json(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

std::optional<double> number_from_json(const json& value) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (value.is_number()) return value.get<double>();
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (value == "inf" || value == "-inf") return value == "inf" ? kInfinity : -kInfinity;
  return std::nullopt;
}

}  // namespace isoframe::reports::records
