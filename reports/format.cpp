#include "reports/format.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/units.h"

namespace isoframe::reports {

namespace {

const std::string kUnmeasured = "-";

bool is_measured(std::optional<double> value) { return value && !std::isnan(*value); }

}  // namespace

std::string significant(std::optional<double> value) {
  if (!is_measured(value)) return kUnmeasured;
  if (*value == 0.0) return "0";
  if (!std::isfinite(*value)) return fmt::format("{}", *value);
  // The value is rounded first: 9.996 needs one decimal less than 9.99.
  const double rounded = std::stod(fmt::format("{:.2e}", *value));
  const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(rounded))));
  if (magnitude < -4) return fmt::format("{:.2e}", *value);
  return fmt::format("{:.{}f}", *value, std::max(0, 2 - magnitude));
}

std::string bytes(std::optional<double> value) {
  if (!is_measured(value)) return kUnmeasured;
  const bool large = *value >= base::kGibibyte;
  return fmt::format("{} {}", significant(*value / (large ? base::kGibibyte : base::kMebibyte)),
                     large ? "GiB" : "MiB");
}

std::string duration(double seconds) {
  constexpr long long kMinute = 60, kHour = 3600;
  const long long whole = std::llround(seconds);
  std::string text;
  const auto add = [&](long long count, const char* unit) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : " ", count, unit);
  };
  add(whole / kHour, "h");
  add(whole % kHour / kMinute, "min");
  add(whole % kMinute, "s");
  return text.empty() ? "0 s" : text;
}

std::string ratio(std::optional<double> value) {
  return is_measured(value) ? fmt::format("{:.2f}x", *value) : kUnmeasured;
}

std::string percent(std::optional<double> value) {
  return is_measured(value) ? fmt::format("{:.0f} %", 100.0 * *value) : kUnmeasured;
}

std::string ssim(std::optional<double> value) {
  if (!is_measured(value)) return kUnmeasured;
  return fmt::format("{:.6f}", *value < 1.0 ? std::min(*value, 0.999999) : *value);
}

std::string psnr(std::optional<double> value) {
  if (!is_measured(value)) return kUnmeasured;
  return std::isinf(*value) ? "inf" : fmt::format("{:.2f}", *value);
}

}  // namespace isoframe::reports
