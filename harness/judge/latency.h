#pragma once
// Is it slower?  From repeated times to yes, no, or "these measurements cannot tell".

#include <string>
#include <vector>

#include "metrics/ratio_interval.h"

namespace isoframe::harness::judge {

/// The chance that unchanged code breaks any latency gate of a run.
inline constexpr double kFalseAlarms = 0.01;
/// With fewer pairs no interval is worth its name.
inline constexpr std::size_t kFewestPairs = 5;
/// A gate holds only if being slower than this many times the limit is ruled out.
inline constexpr double kToldApart = 1.10;

enum class LatencyOutcome { kHolds, kBroken, kUnsure };

struct LatencyJudgement {
  LatencyOutcome outcome = LatencyOutcome::kHolds;
  std::string reason;  ///< empty where the gate holds
};

/// The confidence of each of `comparisons` one-sided bounds that are wrong together in kFalseAlarms of all
/// runs (Bonferroni).
double confidence_for(int comparisons);

/// Broken where the lower bound is above the limit; unsure where there are too few pairs, or where the
/// estimate is above the limit or a tenth more than the limit is not ruled out; else it holds.
LatencyJudgement judge_ratio(const metrics::RatioInterval& interval, double limit,
                             const std::string& reference);

/// Candidate and baseline in one run, paired by round.  Times beyond `repeat` are the confirming rerun's: a
/// gate is broken only if both halves break it.
LatencyJudgement judge_latency(const std::vector<double>& candidate, const std::vector<double>& baseline,
                               std::size_t repeat, double limit, const std::string& reference,
                               int comparisons);

}  // namespace isoframe::harness::judge
