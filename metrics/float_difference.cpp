#include "metrics/float_difference.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace isoframe::metrics {

FloatDifference float_difference(const FloatFrames& reference, const FloatFrames& candidate) {
  require_same_shape(reference, candidate);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  FloatDifference result;
  double squared_difference = 0.0, squared_reference = 0.0;
  for (std::int64_t i = 0; i < reference.values(); ++i) {
    const float x = reference.data[i], y = candidate.data[i];
    const bool x_finite = std::isfinite(x), y_finite = std::isfinite(y);
    result.reference_non_finite += x_finite ? 0 : 1;
    result.candidate_non_finite += y_finite ? 0 : 1;
    if (x_finite) squared_reference += static_cast<double>(x) * x;
    if (std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y)) continue;
    ++result.differing_values;
    if (!result.first_differing_frame) result.first_differing_frame = i / reference.frame_values();
    const double difference =
        x_finite && y_finite ? std::abs(static_cast<double>(y) - static_cast<double>(x)) : kInfinity;
    result.max_difference = std::max(result.max_difference, difference);
    squared_difference += difference * difference;
  }
  if (squared_difference > 0.0) result.relative_l2 = std::sqrt(squared_difference / squared_reference);
  return result;
}

}  // namespace isoframe::metrics
