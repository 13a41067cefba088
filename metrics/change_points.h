#pragma once
// Points at which a series of results moved for good.

#include <cstddef>
#include <vector>

namespace isoframe::metrics {

struct ChangePoint {
  std::size_t index = 0;  ///< of the first value after the change
  double before = 0.0;    ///< median of the segment that ends here
  double after = 0.0;     ///< median of the segment that begins here
};

/// Splits a series of sampled values where two neighbouring segments differ most, as long as that is unlikely
/// to be chance: binary segmentation by Student's t of the two sides, each of at least three values,
/// corrected for the number of places to split at (Bonferroni).  `significance`: the largest chance that a
/// series without a change gets one.
std::vector<ChangePoint> change_points(const std::vector<double>& series, double significance);

/// Finds every change of values that have no noise, such as counted bytes.
std::vector<ChangePoint> exact_changes(const std::vector<double>& series);

}  // namespace isoframe::metrics
