#include "harness/judge/latency.h"

#include <algorithm>

#include <fmt/format.h>

namespace isoframe::harness::judge {

namespace {

using Times = std::vector<double>;

Times part(const Times& times, std::size_t begin, std::size_t end) {
  return Times(times.begin() + static_cast<std::ptrdiff_t>(std::min(begin, times.size())),
               times.begin() + static_cast<std::ptrdiff_t>(std::min(end, times.size())));
}

LatencyJudgement judge_pairs(Times candidate, Times baseline, double limit, const std::string& reference,
                             int comparisons) {
  const std::size_t pairs = std::min(candidate.size(), baseline.size());
  if (pairs < kFewestPairs) {
    return {
        LatencyOutcome::kUnsure,
        fmt::format("a latency gate needs at least {} repetitions to tell, and there are {}; use --repeat {}",
                    kFewestPairs, pairs, 2 * kFewestPairs)};
  }
  candidate.resize(pairs);
  baseline.resize(pairs);
  return judge_ratio(metrics::ratio_interval(candidate, baseline, confidence_for(comparisons)), limit,
                     reference);
}

}  // namespace

double confidence_for(int comparisons) { return 1.0 - kFalseAlarms / std::max(1, comparisons); }

LatencyJudgement judge_ratio(const metrics::RatioInterval& interval, double limit,
                             const std::string& reference) {
  const std::string measured =
      fmt::format("{:.3f}x the time of {} ({:.3f}x to {:.3f}x from {} repetitions)", interval.ratio,
                  reference, interval.lower, interval.upper, interval.pairs);
  if (interval.lower > limit)
    return {LatencyOutcome::kBroken, fmt::format("takes {}, at most {:.3f}x", measured, limit)};
  if (interval.ratio > limit || interval.upper > limit * kToldApart) {
    return {LatencyOutcome::kUnsure,
            fmt::format("takes {}: too noisy to tell whether that is at most {:.3f}x; repeat more, or on a "
                        "quieter machine",
                        measured, limit)};
  }
  return {};
}

LatencyJudgement judge_latency(const Times& candidate, const Times& baseline, std::size_t repeat,
                               double limit, const std::string& reference, int comparisons) {
  LatencyJudgement first =
      judge_pairs(part(candidate, 0, repeat), part(baseline, 0, repeat), limit, reference, comparisons);
  const Times again = part(candidate, repeat, candidate.size());
  if (first.outcome != LatencyOutcome::kBroken || again.empty()) return first;
  LatencyJudgement second =
      judge_pairs(again, part(baseline, repeat, baseline.size()), limit, reference, comparisons);
  if (second.outcome == LatencyOutcome::kBroken) {
    first.reason += "; measured again, " + second.reason;
    return first;
  }
  return {LatencyOutcome::kUnsure,
          fmt::format("{}; measured again, it could not be confirmed", first.reason)};
}

}  // namespace isoframe::harness::judge
