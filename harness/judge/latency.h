#pragma once
// Is it slower?  From repeated times to yes, no, or "these measurements cannot tell".
//
// In stages, so that ten repetitions are enough to find a slow-down of a tenth and chance is still no alarm:
// what merely seems slower, or is too noisy to tell, is measured again, up to three times, and fails if all
// measurements together are certain and those after the first agree.  What nobody measures again (a report
// of a run that is over) fails if its only measurement is certain.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "metrics/ratio_interval.h"

namespace isoframe::harness::judge {

/// Chance that unchanged code breaks any latency test of a run: a gate on the baseline's time, or a
/// comparison with an earlier run.
inline constexpr double kFalseAlarms = 0.01;
/// Level of the first screening: the chance that a case just at its limit is suspected; for one as fast as
/// its reference it is far smaller.  Loose on purpose: a false suspicion costs another measurement, a missed
/// one hides a regression.
inline constexpr double kSuspicions = 0.50;
/// Confidence with which a gate that holds excludes a slow-down beyond kToldApart times its limit.
inline constexpr double kHolds = 0.90;
inline constexpr double kToldApart = 1.10;
/// Chance that a suspected case is slower in its later measurements too, although it is not slow.
inline constexpr double kAgreement = 0.02;
/// Most measurements of a doubtful case, the first included.
inline constexpr int kMostMeasurements = 4;
/// Times that a test can raise its alarm: after each measurement of a doubtful case but the first.
inline constexpr int kMostAlarms = kMostMeasurements - 1;
/// Fewest pairs of times that an interval is computed from.
inline constexpr std::size_t kFewestPairs = 5;

/// Range [begin, end) of samples in every list of times.
struct Repetitions {
  std::size_t begin = 0;
  std::size_t end = SIZE_MAX;

  std::vector<double> of(const std::vector<double>& times) const;
};

/// Ratio of times that was measured once, in the first `repeat` repetitions, or again in later ones.
struct Repeated {
  /// Computes the ratio's bounds from some of the repetitions, each bound at the confidence asked for.
  std::function<metrics::RatioInterval(Repetitions, double confidence)> interval;
  std::size_t repeat = SIZE_MAX;
  bool is_measured_again = false;
  std::string flaw = {};  ///< why the times cannot be compared; empty if they can
};

/// Reason why these times cannot be compared, as a clause; empty if they can: a time that is not above 0
/// comes from a clock too coarse for it.
std::string flaw_of(const std::vector<double>& candidate, const std::vector<double>& reference);

enum class Slowness {
  kNo,         ///< not above the limit in any measurement, as far as the first screening tells
  kRefuted,    ///< seemed slower once, but the later measurements are not above the limit
  kSuspected,  ///< above the limit in every measurement that counts, not yet significantly
  kConfirmed,  ///< the later measurements are significantly above it, all together not enough for this run
  kCertain,    ///< significantly above the limit: all samples together and, if any, the later measurements
};

/// One test's share of the chance of a false alarm that all latency tests of a run have together
/// (Bonferroni).
struct ErrorBudget {
  int tests = 1;         ///< latency tests of the run, of every kind
  double of_test = 1.0;  ///< part of one test's share, for a test that is made of several

  /// A part of this share.
  ErrorBudget part(double of_this) const { return {tests, of_test * of_this}; }
  /// Confidence with which the test must find a ratio above its limit, each time that it may.
  double confidence() const;
};

/// Degree to which the ratio is known to be above `limit`.
Slowness slowness(const Repeated& measured, double limit, ErrorBudget budget);

/// True if the ratio seems to be above `limit` and later measurements neither confirmed nor refuted that.
bool seems_slower(const Repeated& measured, double limit, ErrorBudget budget);

/// True if the ratio seems to be above `limit`, or its latest measurements are too noisy to rule out
/// kToldApart times the limit: measuring again can tell more.
bool is_ratio_undecided(const Repeated& measured, double limit, ErrorBudget budget);

enum class LatencyOutcome { kHolds, kBroken, kUnsure };

struct LatencyJudgement {
  LatencyOutcome outcome = LatencyOutcome::kHolds;
  std::string reason;  ///< empty if the gate holds
};

/// Outcome of a gate on a ratio: broken if it is certainly above `limit`; unsure if the later measurements
/// confirm that it is above, but not as surely as all tests of the run together ask for, or if even the
/// latest measurements do not rule out kToldApart times the limit, with the number of repetitions that would;
/// else it holds.  `reference` names what the times are compared with.
LatencyJudgement ratio_judgement(const Repeated& measured, double limit, ErrorBudget budget,
                                 const std::string& reference);

/// Outcome of a gate on a case's times to its baseline's in the same run, paired by round.
LatencyJudgement paired_judgement(const std::vector<double>& candidate, const std::vector<double>& baseline,
                                  std::size_t repeat, double limit, const std::string& reference,
                                  ErrorBudget budget);

/// True if measuring both sides again can change paired_judgement().
bool is_pairing_undecided(const std::vector<double>& candidate, const std::vector<double>& baseline,
                          std::size_t repeat, double limit, ErrorBudget budget);

}  // namespace isoframe::harness::judge
