#pragma once
// Distances of float frames, before 8 bits hide them.

#include <array>
#include <cstdint>
#include <optional>

#include "metrics/frames.h"

namespace isoframe::metrics {

/// Distances in units in the last place, by bit length: [0] values of equal bits, [k] of a distance from
/// 2^(k-1) to 2^k - 1 (1, 2-3, 4-7, ...).  -0 and +0 are 0 apart in [0]; NaN against a number is in the last.
using UlpHistogram = std::array<std::int64_t, 33>;

/// The number of floats between the two, plus one; 0 for equal values and for +0 and -0; 2^32 - 1 where one
/// is NaN and the bits differ.
std::uint32_t ulp_distance(float a, float b);

/// Values are compared by their bits: +0 and -0 differ, a NaN equals the same NaN.  Where a value differs and
/// either side is NaN or infinite, the distances are infinite, never NaN.
struct FloatDifference {
  std::int64_t values = 0;
  std::int64_t differing_values = 0;
  std::optional<std::int64_t> first_differing_frame;
  double max_difference = 0.0;   ///< largest |candidate - reference|
  double mean_difference = 0.0;  ///< mean |candidate - reference|
  double relative_l2 = 0.0;      ///< ||candidate - reference|| / ||reference||, summed in double
  UlpHistogram ulps{};
  std::int64_t reference_non_finite = 0;
  std::int64_t candidate_non_finite = 0;

  bool identical() const { return differing_values == 0; }
};

/// Adds up frame by frame.
class FloatDifferenceSum {
 public:
  /// Adds the next frame of both: `count` values.
  void add(const float* reference, const float* candidate, std::int64_t count);
  FloatDifference result() const;

 private:
  FloatDifference sum_;
  std::int64_t frames_ = 0;
  double difference_ = 0.0, squared_difference_ = 0.0, squared_reference_ = 0.0;
};

/// Throws InputError where shapes differ.
FloatDifference float_difference(const FloatFrames& reference, const FloatFrames& candidate);

}  // namespace isoframe::metrics
