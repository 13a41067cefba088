#include "harness/judge/latency.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace isoframe::harness::judge {

namespace {

using Times = std::vector<double>;

/// Repetitions after the first measurement.
Repetitions again(const Repeated& measured) { return {measured.repeat, SIZE_MAX}; }

/// Interval of the measurements after the first, if there are any: a first one that they follow was chosen
/// for being slow, which is a bias that they do not have.
metrics::RatioInterval latest(const Repeated& measured, double confidence) {
  return measured.interval(measured.is_measured_again ? again(measured) : Repetitions(), confidence);
}

/// True if the interval excludes a slow-down beyond kToldApart times the limit.
bool excludes_slowdown(const metrics::RatioInterval& interval, double limit) {
  return interval.upper <= limit * kToldApart;
}

/// True if it seems slower.  A significant result too stays a suspicion until measuring again confirms it.
bool is_suspicion(Slowness found, const Repeated& measured) {
  return found == Slowness::kSuspected || (found == Slowness::kCertain && !measured.is_measured_again);
}

/// Repetitions that tell a case as fast as its reference apart from one that is too slow.
std::size_t repetitions_to_tell(const metrics::RatioInterval& interval, double limit) {
  const double spread = std::log(interval.upper / interval.ratio) / std::log(limit * kToldApart);
  return static_cast<std::size_t>(std::ceil(static_cast<double>(interval.pairs) * spread * spread));
}

/// Number of pairs in the first measurement.
std::size_t pairs_of(const Times& candidate, const Times& baseline, std::size_t repeat) {
  return std::min({candidate.size(), baseline.size(), repeat});
}

Repeated paired(const Times& candidate, const Times& baseline, std::size_t repeat) {
  const Repetitions both{0, std::min(candidate.size(), baseline.size())};
  return {[own = both.of(candidate), its = both.of(baseline)](Repetitions part, double confidence) {
            return metrics::ratio_interval(part.of(own), part.of(its), confidence);
          },
          repeat, both.end >= repeat + kFewestPairs};
}

}  // namespace

Times Repetitions::of(const Times& times) const {
  const auto at = [&](std::size_t index) {
    return times.begin() + static_cast<std::ptrdiff_t>(std::min(index, times.size()));
  };
  return Times(at(begin), at(end));
}

double ErrorBudget::confidence() const { return 1.0 - kFalseAlarms * of_case / std::max(1, cases); }

Slowness slowness(const Repeated& measured, double limit, ErrorBudget budget) {
  const auto is_above = [&](Repetitions part, double confidence) {
    return measured.interval(part, confidence).lower > limit;
  };
  const double suspicion = 1.0 - kSuspicions * budget.of_case;
  const Repetitions first{0, measured.repeat}, all;
  const bool is_again = measured.is_measured_again;
  if (!is_above(first, suspicion) && !(is_again && is_above(again(measured), suspicion)))
    return Slowness::kNo;
  if (is_again) {
    const metrics::RatioInterval last = measured.interval(again(measured), 1.0 - kAgreement);
    if (last.ratio <= limit) return Slowness::kRefuted;
    if (last.lower <= limit) return Slowness::kSuspected;
  }
  return is_above(all, budget.confidence()) ? Slowness::kCertain : Slowness::kSuspected;
}

bool seems_slower(const Repeated& measured, double limit, ErrorBudget budget) {
  return is_suspicion(slowness(measured, limit, budget), measured);
}

bool is_ratio_undecided(const Repeated& measured, double limit, ErrorBudget budget) {
  const Slowness found = slowness(measured, limit, budget);
  if (is_suspicion(found, measured)) return true;
  return found != Slowness::kCertain && !excludes_slowdown(latest(measured, kHolds), limit);
}

LatencyJudgement ratio_judgement(const Repeated& measured, double limit, ErrorBudget budget,
                                 const std::string& reference) {
  const auto text = [&](const metrics::RatioInterval& interval) {
    return fmt::format("takes {:.3f}x the time of {} ({:.3f}x to {:.3f}x from {} repetitions)",
                       interval.ratio, reference, interval.lower, interval.upper, interval.pairs);
  };
  const Slowness found = slowness(measured, limit, budget);
  if (found == Slowness::kCertain) {
    return {LatencyOutcome::kBroken,
            fmt::format("{}, at most {:.3f}x{}", text(measured.interval({}, budget.confidence())), limit,
                        measured.is_measured_again ? "; it was measured again and slower both times" : "")};
  }
  const metrics::RatioInterval interval = latest(measured, kHolds);
  if (excludes_slowdown(interval, limit) && (found == Slowness::kNo || measured.is_measured_again)) return {};
  const std::size_t needed = repetitions_to_tell(interval, limit);
  return {
      LatencyOutcome::kUnsure,
      fmt::format("{}: too noisy to tell whether that is at most {:.3f}x{}; repeat more{}, or on a quieter "
                  "machine",
                  text(interval), limit,
                  measured.is_measured_again && found != Slowness::kNo
                      ? "; it seemed slower, and measured again that could not be confirmed"
                      : "",
                  needed > interval.pairs ? fmt::format(" (--repeat {})", needed) : "")};
}

LatencyJudgement paired_judgement(const Times& candidate, const Times& baseline, std::size_t repeat,
                                  double limit, const std::string& reference, int comparisons) {
  const std::size_t pairs = pairs_of(candidate, baseline, repeat);
  if (pairs < kFewestPairs) {
    return {
        LatencyOutcome::kUnsure,
        fmt::format("a latency gate needs at least {} repetitions to tell, and there are {}; use --repeat {}",
                    kFewestPairs, pairs, 2 * kFewestPairs)};
  }
  return ratio_judgement(paired(candidate, baseline, repeat), limit, {1.0, comparisons}, reference);
}

bool is_pairing_undecided(const Times& candidate, const Times& baseline, std::size_t repeat, double limit,
                          int comparisons) {
  return pairs_of(candidate, baseline, repeat) >= kFewestPairs &&
         is_ratio_undecided(paired(candidate, baseline, repeat), limit, {1.0, comparisons});
}

}  // namespace isoframe::harness::judge
