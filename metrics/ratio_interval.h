#pragma once
// Ratio of two measurements with a confidence interval: how much slower.

#include <cstddef>
#include <vector>

namespace isoframe::metrics {

struct RatioInterval {
  double ratio = 1.0;  ///< geometric mean of candidate / reference
  double lower = 1.0;  ///< one-sided bounds, each at the confidence asked for
  double upper = 1.0;
  std::size_t pairs = 0;
  /// False if times are the same to the last digit: the clock is coarser than their spread, which is then
  /// unknown, and so are the bounds (0 and infinity).
  bool is_spread_known = true;
};

/// Pair i is candidate[i] and reference[i], measured next to each other, so that a drift of the machine
/// cancels.  The interval is Student's, of the mean logarithm of the ratios: exact for log-normal times at
/// any confidence and for as few as two pairs.
///
/// Throws InputError for fewer than two pairs, lists of different lengths, times that are not above 0.
RatioInterval ratio_interval(const std::vector<double>& candidate, const std::vector<double>& reference,
                             double confidence);

/// Interval of the ratio if nothing is paired, as between two runs: Welch's statistic of the logarithms, each
/// side with a spread of its own.  Its degrees of freedom are at most 1.25 times those of the smaller side,
/// so that it keeps its level far out in the tails too: of forty samples beside five, bounds at 0.99998 would
/// be exceeded 23 times too often with Welch's alone.
///
/// Throws InputError for fewer than two samples on a side and for times that are not above 0.
RatioInterval unpaired_ratio_interval(const std::vector<double>& candidate,
                                      const std::vector<double>& reference, double confidence);

/// Interval of the ratio of one run's times to those of several earlier runs, with the spread *between* runs
/// in it: what one invocation is dealt (memory placement, neighbours, the hour) meets all of its times alike,
/// and shows only in the deviation of runs' means.  A single earlier run does not show it; the interval is
/// unpaired_ratio_interval() then.
///
/// Throws InputError for no earlier run, fewer than two samples in any, and times that are not above 0.
RatioInterval ratio_interval_to_runs(const std::vector<double>& candidate,
                                     const std::vector<std::vector<double>>& runs, double confidence);

}  // namespace isoframe::metrics
