#include "model/pipeline/size_buckets.h"

#include <cmath>
#include <optional>
#include <vector>

namespace isoframe::model::pipeline {

namespace {

constexpr double kLargestRatio = 4.0;

/// All sizes of at most (target / multiple)^2 patches that are as wide as they can be for their height.
std::vector<Size> buckets(std::int64_t target_size, std::int64_t multiple) {
  const double side = static_cast<double>(target_size) / static_cast<double>(multiple);
  const auto patches = static_cast<std::int64_t>(std::nearbyint(side * side));
  std::vector<Size> result;
  std::int64_t first = patches, second = 1;
  while (first > 0) {
    const double ratio =
        static_cast<double>(std::max(first, second)) / static_cast<double>(std::min(first, second));
    if (ratio <= kLargestRatio) result.push_back({first * multiple, second * multiple});
    if ((second + 1) * first <= patches) {
      ++second;
    } else {
      --first;
    }
  }
  return result;
}

double rounded_ratio(const Size& size) {
  return std::nearbyint(static_cast<double>(size.height) / static_cast<double>(size.width) * 1e5) / 1e5;
}

}  // namespace

Size nearest_bucket(double height, double width, std::int64_t target_size, std::int64_t multiple) {
  const double wanted = height / width;
  std::optional<Size> best;
  double best_distance = 0.0;
  for (const Size& size : buckets(target_size, multiple)) {
    const double difference = rounded_ratio(size) - wanted;
    if (wanted >= 1.0 ? difference > 0.0 : difference < 0.0) continue;
    if (!best || std::abs(difference) < best_distance) {
      best = size;
      best_distance = std::abs(difference);
    }
  }
  return best.value_or(Size{target_size, target_size});
}

}  // namespace isoframe::model::pipeline
