#include "harness/judge/latency.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace isoframe::harness::judge {

namespace {

using Times = std::vector<double>;

Repetitions again(const Repeated& measured) { return {measured.repeat, SIZE_MAX}; }

/// A first measurement that was measured again was chosen for being slow: the second has no such bias.
metrics::RatioInterval last_of(const Repeated& measured, double confidence) {
  return measured.interval(measured.is_measured_again ? again(measured) : Repetitions(), confidence);
}

/// That it is slower than a tenth more than the limit.
bool is_ruled_out(const metrics::RatioInterval& interval, double limit) {
  return interval.upper <= limit * kToldApart;
}

/// What is certain is so only once it was measured again.
bool is_suspicion(Slowness found, const Repeated& measured) {
  return found == Slowness::kSuspected || (found == Slowness::kCertain && !measured.is_measured_again);
}

/// How often to measure so that a case as fast as its reference is told apart from one that is too slow.
std::size_t repetitions_to_tell(const metrics::RatioInterval& interval, double limit) {
  const double spread = std::log(interval.upper / interval.ratio) / std::log(limit * kToldApart);
  return static_cast<std::size_t>(std::ceil(static_cast<double>(interval.pairs) * spread * spread));
}

/// Pairs of the first measurement.
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

double Share::confidence() const { return 1.0 - kFalseAlarms * of_case / std::max(1, cases); }

Slowness slowness(const Repeated& measured, double limit, Share share) {
  const auto is_above = [&](Repetitions part, double confidence) {
    return measured.interval(part, confidence).lower > limit;
  };
  const double suspicion = 1.0 - kSuspicions * share.of_case;
  const Repetitions first{0, measured.repeat}, all;
  const bool is_again = measured.is_measured_again;
  if (!is_above(first, suspicion) && !(is_again && is_above(again(measured), suspicion)))
    return Slowness::kNo;
  if (is_again) {
    const metrics::RatioInterval last = measured.interval(again(measured), 1.0 - kAgreement);
    if (last.ratio <= limit) return Slowness::kRefuted;
    if (last.lower <= limit) return Slowness::kSuspected;
  }
  return is_above(all, share.confidence()) ? Slowness::kCertain : Slowness::kSuspected;
}

bool seems_slower(const Repeated& measured, double limit, Share share) {
  return is_suspicion(slowness(measured, limit, share), measured);
}

bool leaves_doubt(const Repeated& measured, double limit, Share share) {
  const Slowness found = slowness(measured, limit, share);
  if (is_suspicion(found, measured)) return true;
  return found != Slowness::kCertain && !is_ruled_out(last_of(measured, kHolds), limit);
}

LatencyJudgement judge_ratio(const Repeated& measured, double limit, Share share,
                             const std::string& reference) {
  const auto text = [&](const metrics::RatioInterval& interval) {
    return fmt::format("takes {:.3f}x the time of {} ({:.3f}x to {:.3f}x from {} repetitions)",
                       interval.ratio, reference, interval.lower, interval.upper, interval.pairs);
  };
  const Slowness found = slowness(measured, limit, share);
  if (found == Slowness::kCertain) {
    return {LatencyOutcome::kBroken,
            fmt::format("{}, at most {:.3f}x{}", text(measured.interval({}, share.confidence())), limit,
                        measured.is_measured_again ? "; it was measured again and slower both times" : "")};
  }
  const metrics::RatioInterval interval = last_of(measured, kHolds);
  if (is_ruled_out(interval, limit) && (found == Slowness::kNo || measured.is_measured_again)) return {};
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

LatencyJudgement judge_latency(const Times& candidate, const Times& baseline, std::size_t repeat,
                               double limit, const std::string& reference, int comparisons) {
  const std::size_t pairs = pairs_of(candidate, baseline, repeat);
  if (pairs < kFewestPairs) {
    return {
        LatencyOutcome::kUnsure,
        fmt::format("a latency gate needs at least {} repetitions to tell, and there are {}; use --repeat {}",
                    kFewestPairs, pairs, 2 * kFewestPairs)};
  }
  return judge_ratio(paired(candidate, baseline, repeat), limit, {1.0, comparisons}, reference);
}

bool leaves_doubt(const Times& candidate, const Times& baseline, std::size_t repeat, double limit,
                  int comparisons) {
  return pairs_of(candidate, baseline, repeat) >= kFewestPairs &&
         leaves_doubt(paired(candidate, baseline, repeat), limit, {1.0, comparisons});
}

}  // namespace isoframe::harness::judge
