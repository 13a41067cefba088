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

/// Splits a series where two neighbouring segments differ most, as long as that is unlikely to be chance:
/// binary segmentation by Welch's t of the two sides, each of at least three values, its significance by
/// permutation (the E-divisive idea of Matteson and James 2014, with the t statistic that Hunter, Fleming et
/// al. 2023, uses for performance results).  `significance`: the chance that a series without a change gets
/// one.
std::vector<ChangePoint> change_points(const std::vector<double>& series, double significance = 0.01);

}  // namespace isoframe::metrics
