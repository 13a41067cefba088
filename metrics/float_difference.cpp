#include "metrics/float_difference.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace isoframe::metrics {

namespace {

/// Floats in order as integers: neighbours differ by 1, and -0 and +0 are both 0.
std::int64_t ordinal(float value) {
  const auto bits = std::bit_cast<std::int32_t>(value);
  return bits >= 0 ? bits : -static_cast<std::int64_t>(bits & 0x7FFFFFFF);
}

}  // namespace

std::uint32_t ulp_distance(float a, float b) {
  if (std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b)) return 0;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::abs(ordinal(a) - ordinal(b)));
}

void FloatDifferenceSum::add(const float* reference, const float* candidate, std::int64_t count) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (std::int64_t i = 0; i < count; ++i) {
    const float x = reference[i], y = candidate[i];
    const bool x_finite = std::isfinite(x), y_finite = std::isfinite(y);
    sum_.reference_non_finite += x_finite ? 0 : 1;
    sum_.candidate_non_finite += y_finite ? 0 : 1;
    if (x_finite) squared_reference_ += static_cast<double>(x) * x;
    if (std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y)) continue;
    ++sum_.differing_values;
    if (!sum_.first_differing_frame) sum_.first_differing_frame = frames_;
    ++sum_.ulps[static_cast<std::size_t>(std::bit_width(ulp_distance(x, y)))];
    const double difference =
        x_finite && y_finite ? std::abs(static_cast<double>(y) - static_cast<double>(x)) : kInfinity;
    sum_.max_difference = std::max(sum_.max_difference, difference);
    difference_ += difference;
    squared_difference_ += difference * difference;
  }
  sum_.values += count;
  ++frames_;
}

FloatDifference FloatDifferenceSum::result() const {
  FloatDifference result = sum_;
  result.ulps[0] += sum_.values - sum_.differing_values;
  if (sum_.values > 0) result.mean_difference = difference_ / static_cast<double>(sum_.values);
  if (squared_difference_ > 0.0) result.relative_l2 = std::sqrt(squared_difference_ / squared_reference_);
  return result;
}

FloatDifference float_difference(const FloatFrames& reference, const FloatFrames& candidate) {
  require_same_shape(reference, candidate);
  FloatDifferenceSum sum;
  for (std::int64_t i = 0; i < reference.frames; ++i)
    sum.add(reference.frame(i), candidate.frame(i), reference.frame_values());
  return sum.result();
}

}  // namespace isoframe::metrics
