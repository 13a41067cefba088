#pragma once
// Ratio of paired measurements with a confidence interval: how much slower.

#include <vector>

namespace isoframe::metrics {

struct RatioInterval {
  double ratio = 1.0;  ///< geometric mean of candidate / reference over the pairs
  double lower = 1.0;  ///< one-sided bounds, each at the confidence asked for
  double upper = 1.0;
  std::size_t pairs = 0;
};

/// Pair i is candidate[i] and reference[i], measured next to each other, so that a drift of the machine
/// cancels. The interval is a bootstrap-t of the mean logarithm of the ratios (Efron and Tibshirani 1993,
/// section 12.5), which keeps its level with as few as five pairs, where percentile intervals are too short.
/// The same samples always give the same interval.
///
/// Throws InputError for fewer than two pairs, lists of different lengths, times that are not above 0.
RatioInterval ratio_interval(const std::vector<double>& candidate, const std::vector<double>& reference,
                             double confidence);

/// Interval of the ratio if nothing is paired, as between two runs: Student's statistic, resampled from both
/// sides' deviations together, since a side of ten alone hardly knows its spread.  A side that deviates more
/// than both together has an error of its own, so that a noisy run beside a quiet one does not pass for
/// quiet; at 99 % such a bound is then exceeded by chance in some 2 of 100, not 1.
RatioInterval unpaired_ratio_interval(const std::vector<double>& candidate,
                                      const std::vector<double>& reference, double confidence);

}  // namespace isoframe::metrics
