#pragma once
// How far float frames are apart, before 8 bits hide it.

#include <cstdint>
#include <optional>

#include "metrics/frames.h"

namespace isoframe::metrics {

/// Values are compared by their bits: +0 and -0 differ, a NaN equals the same NaN.  Where a value differs and
/// either side is NaN or infinite, `max_difference` and `relative_l2` are infinite, never NaN.
struct FloatDifference {
  std::int64_t differing_values = 0;
  std::optional<std::int64_t> first_differing_frame;
  double max_difference = 0.0;  ///< largest |candidate - reference|
  double relative_l2 = 0.0;     ///< ||candidate - reference|| / ||reference||, summed in double
  std::int64_t reference_non_finite = 0;
  std::int64_t candidate_non_finite = 0;

  bool identical() const { return differing_values == 0; }
};

/// Throws InputError where shapes differ.
FloatDifference float_difference(const FloatFrames& reference, const FloatFrames& candidate);

}  // namespace isoframe::metrics
