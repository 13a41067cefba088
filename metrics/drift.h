#pragma once
// How far a series of results has moved away from one of them, however slowly.

#include <cstddef>
#include <vector>

#include "metrics/ratio_interval.h"

namespace isoframe::metrics {

/// Latest results whose mean is taken for the present level.
inline constexpr std::size_t kLatest = 3;

/// Ratio of the present level, of the latest results after `accepted` and at most kLatest of them, to the
/// result at that index.  The spread of single results is estimated from the differences of neighbours (von
/// Neumann et al. 1941), which hardly see a slow drift, without those at which the level changed.
///
/// Throws InputError if no result comes after `accepted`, and for results that are not above 0.
RatioInterval drift(const std::vector<double>& series, std::size_t accepted, double confidence);

}  // namespace isoframe::metrics
