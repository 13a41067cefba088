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
  if (found == Slowness::kCertain) return !measured.is_measured_again;
  return found == Slowness::kSuspected || found == Slowness::kConfirmed;
}

std::string text_of(const metrics::RatioInterval& interval, const std::string& reference) {
  return fmt::format("takes {:.3f}x the time of {} ({:.3f}x to {:.3f}x from {} repetitions)", interval.ratio,
                     reference, interval.lower, interval.upper, interval.pairs);
}

/// Repetitions that tell a case as fast as its reference apart from one that is too slow.
std::size_t repetitions_to_tell(const metrics::RatioInterval& interval, double limit) {
  constexpr double kMost = 1e6;
  const double spread = std::log(interval.upper / interval.ratio) / std::log(limit * kToldApart);
  return static_cast<std::size_t>(
      std::min(kMost, std::ceil(static_cast<double>(interval.pairs) * spread * spread)));
}

/// Reason why even the latest measurements do not tell, and what would.
std::string why_unsure(const metrics::RatioInterval& interval, double limit, const std::string& reference,
                       bool is_unconfirmed) {
  if (!interval.is_spread_known) {
    return fmt::format(
        "takes {:.3f}x the time of {}, but its times, or those, are the same to the last digit in {} "
        "repetitions: the clock is too coarse to tell whether that is at most {:.3f}x; measure longer "
        "generations",
        interval.ratio, reference, interval.pairs, limit);
  }
  const std::size_t needed = repetitions_to_tell(interval, limit);
  return fmt::format(
      "{}: too noisy to tell whether that is at most {:.3f}x{}; repeat more{}, or on a quieter machine",
      text_of(interval, reference), limit,
      is_unconfirmed ? "; it seemed slower, and measured again that could not be confirmed" : "",
      needed > interval.pairs ? fmt::format(" (--repeat {})", needed) : "");
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
          repeat, both.end >= repeat + kFewestPairs, flaw_of(both.of(candidate), both.of(baseline))};
}

}  // namespace

Times Repetitions::of(const Times& times) const {
  const auto at = [&](std::size_t index) {
    return times.begin() + static_cast<std::ptrdiff_t>(std::min(index, times.size()));
  };
  return Times(at(begin), at(end));
}

double ErrorBudget::confidence() const {
  return 1.0 - kFalseAlarms * of_test / (std::max(1, tests) * kMostAlarms);
}

std::string flaw_of(const Times& candidate, const Times& reference) {
  for (const Times* times : {&candidate, &reference})
    for (const double seconds : *times)
      if (!(seconds > 0.0 && std::isfinite(seconds)))
        return fmt::format("a measured time is {}, not above 0: the clock is too coarse for it", seconds);
  return {};
}

Slowness slowness(const Repeated& measured, double limit, ErrorBudget budget) {
  if (!measured.flaw.empty()) return Slowness::kNo;
  const auto is_above = [&](Repetitions part, double confidence) {
    return measured.interval(part, confidence).lower > limit;
  };
  const double suspicion = 1.0 - kSuspicions * budget.of_test;
  const Repetitions first{0, measured.repeat}, all;
  const bool is_again = measured.is_measured_again;
  if (!is_above(first, suspicion) && !(is_again && is_above(again(measured), suspicion)))
    return Slowness::kNo;
  if (is_again) {
    const metrics::RatioInterval last = measured.interval(again(measured), 1.0 - kAgreement);
    if (last.ratio <= limit) return Slowness::kRefuted;
    if (last.lower <= limit) return Slowness::kSuspected;
  }
  if (is_above(all, budget.confidence())) return Slowness::kCertain;
  return is_again ? Slowness::kConfirmed : Slowness::kSuspected;
}

bool seems_slower(const Repeated& measured, double limit, ErrorBudget budget) {
  return is_suspicion(slowness(measured, limit, budget), measured);
}

bool is_ratio_undecided(const Repeated& measured, double limit, ErrorBudget budget) {
  if (!measured.flaw.empty()) return false;  // measuring again keeps the flawed time
  const Slowness found = slowness(measured, limit, budget);
  if (is_suspicion(found, measured)) return true;
  return found != Slowness::kCertain && !excludes_slowdown(latest(measured, kHolds), limit);
}

LatencyJudgement ratio_judgement(const Repeated& measured, double limit, ErrorBudget budget,
                                 const std::string& reference) {
  if (!measured.flaw.empty()) return {LatencyOutcome::kUnsure, measured.flaw};
  const Slowness found = slowness(measured, limit, budget);
  if (found == Slowness::kCertain) {
    return {LatencyOutcome::kBroken,
            fmt::format("{}, at most {:.3f}x; {}",
                        text_of(measured.interval({}, budget.confidence()), reference), limit,
                        measured.is_measured_again ? "it was measured again and slower both times"
                                                   : "it was not measured again")};
  }
  const metrics::RatioInterval interval = latest(measured, kHolds);
  if (found == Slowness::kConfirmed) {
    return {
        LatencyOutcome::kUnsure,
        fmt::format("{}, measured again too, at most {:.3f}x: not certain enough among {} tests of this run; "
                    "repeat more",
                    text_of(interval, reference), limit, budget.tests)};
  }
  if (excludes_slowdown(interval, limit) && (found == Slowness::kNo || measured.is_measured_again)) return {};
  return {LatencyOutcome::kUnsure,
          why_unsure(interval, limit, reference, measured.is_measured_again && found != Slowness::kNo)};
}

LatencyJudgement paired_judgement(const Times& candidate, const Times& baseline, std::size_t repeat,
                                  double limit, const std::string& reference, ErrorBudget budget) {
  const std::size_t pairs = pairs_of(candidate, baseline, repeat);
  if (pairs < kFewestPairs) {
    return {
        LatencyOutcome::kUnsure,
        fmt::format("a latency gate needs at least {} repetitions to tell, and there are {}; use --repeat {}",
                    kFewestPairs, pairs, 2 * kFewestPairs)};
  }
  return ratio_judgement(paired(candidate, baseline, repeat), limit, budget, reference);
}

bool is_pairing_undecided(const Times& candidate, const Times& baseline, std::size_t repeat, double limit,
                          ErrorBudget budget) {
  return pairs_of(candidate, baseline, repeat) >= kFewestPairs &&
         is_ratio_undecided(paired(candidate, baseline, repeat), limit, budget);
}

}  // namespace isoframe::harness::judge
