#pragma once
// Is it slower?  From repeated times to yes, no, or "these measurements cannot tell".
//
// In stages, so that ten repetitions are enough to find a slow-down of a tenth and chance is still no alarm:
// what merely seems slower, or is too noisy to tell, is measured again, up to three times, and fails if all
// measurements together are certain and those after the first agree.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "metrics/ratio_interval.h"

namespace isoframe::harness::judge {

/// The chance that unchanged code breaks any latency gate of a run.
inline constexpr double kFalseAlarms = 0.01;
/// The chance that a case just at its limit seems slower; for one as fast as its reference it is a small part
/// of that.  High, since it costs time only, and what is not suspected is not found.
inline constexpr double kSuspicions = 0.50;
/// How sure it must be that a gate holds: that being slower than kToldApart times the limit is ruled out.
inline constexpr double kHolds = 0.90;
inline constexpr double kToldApart = 1.10;
/// The chance that what is measured again is slower too by chance.
inline constexpr double kAgreement = 0.02;
/// How often what is in doubt is measured in all.
inline constexpr int kMostMeasurements = 4;
/// With fewer pairs no interval is worth its name.
inline constexpr std::size_t kFewestPairs = 5;

/// Samples [begin, end) of each list of times.
struct Repetitions {
  std::size_t begin = 0;
  std::size_t end = SIZE_MAX;

  std::vector<double> of(const std::vector<double>& times) const;
};

/// A ratio of times that was measured once, in the first `repeat` repetitions, or again in as many more, once
/// or several times.
struct Repeated {
  /// Its bounds from some of the repetitions, each at the confidence asked for.
  std::function<metrics::RatioInterval(Repetitions, double confidence)> interval;
  std::size_t repeat = SIZE_MAX;
  bool is_measured_again = false;
};

enum class Slowness {
  kNo,
  kRefuted,    ///< the lower bound of one measurement is above the limit, but what was measured again is not
  kSuspected,  ///< it is above the limit too, if it was
  kCertain,    ///< so is its lower bound, and that of all measurements together at a confidence that chance
               ///< does not reach
};

/// What of the chances of kSuspicions and kFalseAlarms one ratio of many may use (Bonferroni).
struct Share {
  double of_case = 1.0;  ///< one of so many ratios of a case
  int cases = 1;         ///< of so many cases that are judged so

  double confidence() const;
};

Slowness slowness(const Repeated& measured, double limit, Share share);

/// Whether it seems slower, and that is neither certain and measured again nor refuted.
bool seems_slower(const Repeated& measured, double limit, Share share);

/// Whether it seems slower, or is too noisy to tell: the first measurement, or what was measured again if it
/// was, must rule out a tenth more than `limit`.
bool leaves_doubt(const Repeated& measured, double limit, Share share);

enum class LatencyOutcome { kHolds, kBroken, kUnsure };

struct LatencyJudgement {
  LatencyOutcome outcome = LatencyOutcome::kHolds;
  std::string reason;  ///< empty where the gate holds
};

/// Broken where it is certainly slower than `limit` times the reference; unsure where even what was measured
/// again does not rule out a tenth more than that, with how many repetitions would; else it holds.
LatencyJudgement judge_ratio(const Repeated& measured, double limit, Share share,
                             const std::string& reference);

/// Candidate and baseline in one run, paired by round: what gate `limit` says of them, and whether it is
/// worth measuring both again.
LatencyJudgement judge_latency(const std::vector<double>& candidate, const std::vector<double>& baseline,
                               std::size_t repeat, double limit, const std::string& reference,
                               int comparisons);
bool leaves_doubt(const std::vector<double>& candidate, const std::vector<double>& baseline,
                  std::size_t repeat, double limit, int comparisons);

}  // namespace isoframe::harness::judge
