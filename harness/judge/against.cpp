#include "harness/judge/against.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/judge/locked.h"
#include "harness/scenario/gates.h"

namespace isoframe::harness::judge {

using records::CaseResult;
using records::NotJudged;
using records::Quality;
using records::Subject;

namespace {

/// Largest distance of a bounded case's frames from the earlier run's: its bound, or where that proves
/// nothing the limit of its locked run.
double bound_of_frames(const CaseResult& result) {
  const double bound = result.numerics->relative_l2;
  if (bound <= kProvingBound) return bound;
  return result.locked ? video_limit(*result.locked, {.of_step = 0.0, .of_video = kProvingBound})
                       : kProvingBound;
}

/// Reason why the frames are not the earlier run's, or an empty string.
std::string changed_frames(const Quality& quality, const CaseResult& result, bool alike) {
  const double psnr = quality.psnr.mean, difference = quality.floats.value().relative_l2;
  const std::string seen = fmt::format("frames differ from the earlier run's: PSNR {}, relative L2 {:.1e}",
                                       scenario::decibels(psnr), difference);
  if (!alike)
    return !(psnr >= kAgainstPsnr) ? seen + fmt::format(" (PSNR at least {} dB)", kAgainstPsnr) : "";
  if (quality.identical) return {};
  if (!result.numerics || result.numerics->kind != records::NumericsClass::kBounded)
    return seen + " (same machine and settings, so they must be identical)";
  const double bound = bound_of_frames(result);
  return !(difference <= bound) ? seen + fmt::format(" (at most {:.1e})", bound) : "";
}

/// Reasons why the case needs more memory than in the earlier run, or an empty string.
std::string grown_memory(const CaseResult& now, const CaseResult& then) {
  std::vector<std::string> grown;
  if (!now.peak_tensor_bytes() || !then.peak_tensor_bytes()) return {};
  const double added =
      static_cast<double>(*now.peak_tensor_bytes()) - static_cast<double>(*then.peak_tensor_bytes());
  if (added > kAgainstMemoryBytes)
    grown.push_back(
        fmt::format("its largest rank needs {:.1f} MiB more tensor memory than in the earlier run",
                    added / base::kMebibyte));
  const auto kept = first_kept(now, then, static_cast<std::int64_t>(kAgainstMemoryBytes));
  if (kept) grown.push_back(sentence(*kept));
  return fmt::format("{}", fmt::join(grown, "; "));
}

/// Reason why tensor memory is not judged, if it is not.
std::optional<NotJudged> unmeasured_memory(const CaseResult& now, const CaseResult& then) {
  if (now.peak_tensor_bytes() && then.peak_tensor_bytes()) return std::nullopt;
  return NotJudged{Subject::kMemory,
                   fmt::format("{} did not measure the memory of tensors",
                               now.peak_tensor_bytes() ? "the earlier run" : "this run"),
                   "a run that does to compare with"};
}

/// Half of a test's budget: one half is for its total time, the other for its stages together.
ErrorBudget half_of(ErrorBudget budget) { return budget.part(0.5); }

/// Reason why the times of a side have no unit, or an empty string.
std::string missing_unit(const Side& side, const Side& other, const char* run) {
  if (other.baseline != nullptr && side.baseline == nullptr)
    return fmt::format("its baseline '{}' was not measured in {}", other.result.baseline, run);
  return side.baseline == nullptr && relative_times(side).empty()
             ? fmt::format("{} did not time the yardstick, the unit of a baseline's times", run)
             : std::string();
}

/// Reason why no time is judged, if that is so: too few samples, or times without a common unit.
std::optional<NotJudged> untimed(const Side& now, const Side& then) {
  for (const auto& [side, beside, run] :
       {std::tuple(&now, &then, "this run"), {&then, &now, "the earlier run"}})
    if (std::string why = missing_unit(*side, *beside, run); !why.empty())
      return NotJudged{Subject::kLatency, std::move(why),
                       "a run of the case and its baseline to compare with"};
  if (now.result.baseline != then.result.baseline)
    return NotJudged{Subject::kLatency,
                     fmt::format("its baseline was '{}' then and is '{}' now, and times are in units of it",
                                 then.result.baseline, now.result.baseline),
                     "a run with the same baseline to compare with"};
  const std::size_t own = std::min(relative_times(now).size(), now.repeat), its = relative_times(then).size();
  if (std::min(own, its) >= kFewestPairs) return std::nullopt;
  return NotJudged{Subject::kLatency,
                   fmt::format("{} repetition{} now and {} then, at least {} needed", own,
                               own == 1 ? "" : "s", its, kFewestPairs),
                   fmt::format("--repeat {} in {}", 2 * kFewestPairs,
                               own >= kFewestPairs   ? "the earlier run"
                               : its >= kFewestPairs ? "this run"
                                                     : "both runs")};
}

std::optional<Repeated> total_times(const Side& now, const Side& then) {
  if (untimed(now, then)) return std::nullopt;
  return unpaired(now, relative_times(now), times_of_runs(then, relative_times));
}

/// True if the ranks' own work (waiting excluded) shows no slow-down although the total time is inconclusive.
bool is_told_by_work(const Side& now, const Side& then, const Repeated& total, ErrorBudget budget) {
  if (slowness(total, kAgainstLatency, budget) >= Slowness::kSuspected) return false;
  const auto work = unpaired(now, relative_work(now), times_of_runs(then, relative_work));
  return work && ratio_judgement(*work, kAgainstLatency, budget, "").outcome == LatencyOutcome::kHolds;
}

std::string reference_of(const Side& then) {
  return then.others.empty() ? "the earlier run" : fmt::format("{} earlier runs", then.others.size() + 1);
}

/// A note on what the intervals of times leave out, or an empty string.
std::string spread_note(const Side& then) {
  constexpr std::size_t kFew = 4;
  const std::size_t runs = then.others.size() + 1;
  if (runs == 1) {
    return "times are judged beside a single earlier run: what differs between runs, whatever is run, is "
           "not in their intervals; --against takes several";
  }
  if (runs <= kFew) {
    return fmt::format(
        "the spread between runs is in the intervals of times, from {} earlier runs; five or more "
        "make them much shorter",
        runs);
  }
  return {};
}

LatencyJudgement times_judgement(const Side& now, const Side& then, ErrorBudget of_test) {
  const auto measured = total_times(now, then);
  if (!measured) return {};
  const ErrorBudget budget = half_of(of_test);
  const LatencyJudgement total = ratio_judgement(*measured, kAgainstLatency, budget, reference_of(then));
  const auto slow = slowest_stage(now, then, kAgainstLatency, budget);
  if (!slow) {
    const bool is_told =
        total.outcome == LatencyOutcome::kUnsure && is_told_by_work(now, then, *measured, budget);
    return is_told ? LatencyJudgement{} : total;
  }
  const std::string where = sentence(*slow);
  if (total.outcome != LatencyOutcome::kBroken) return {LatencyOutcome::kBroken, where};
  return {LatencyOutcome::kBroken, fmt::format("{}; {}", total.reason, where)};
}

}  // namespace

std::vector<std::string> unlike(const records::Environment& now, const records::Environment& earlier) {
  std::vector<std::string> differences;
  for (const auto& [name, own, its] : records::differing_facts(now, earlier))
    differences.push_back(fmt::format("{}: {} then, {} now", name, its, own));
  return differences;
}

AgainstJudgement judge_against(const Side& now, const Side& then, const std::optional<Quality>& quality,
                               const std::vector<std::string>& differences, ErrorBudget budget) {
  const bool alike = differences.empty();
  AgainstJudgement judgement;
  std::vector<std::string> broken;
  const auto note = [&broken](std::string reason) {
    if (!reason.empty()) broken.push_back(std::move(reason));
  };
  if (quality) {
    note(changed_frames(*quality, now.result, alike));
  } else {
    judgement.not_judged.push_back({Subject::kFrames, "they were not compared", "the frames of both runs"});
  }
  LatencyJudgement latency;
  if (alike) {
    if (const auto why = unmeasured_memory(now.result, then.result)) judgement.not_judged.push_back(*why);
    note(grown_memory(now.result, then.result));
    const std::optional<NotJudged> no_times = untimed(now, then);
    if (no_times) judgement.not_judged.push_back(*no_times);
    latency = times_judgement(now, then, budget);
    if (latency.outcome == LatencyOutcome::kBroken) note(latency.reason);
    if (latency.outcome == LatencyOutcome::kHolds) judgement.notes = moved_tiles(now.result, then.result);
    const std::string spread = spread_note(then);
    if (!no_times && !spread.empty()) judgement.notes.push_back(spread);
  } else {
    const std::string why = fmt::format("unlike the earlier run: {}", fmt::join(differences, "; "));
    for (const Subject what : {Subject::kMemory, Subject::kLatency})
      judgement.not_judged.push_back({what, why, "an earlier run of like machine and settings"});
  }
  if (!broken.empty()) {
    judgement.verdict = Verdict::kFailed;
    judgement.reason = fmt::format("{}", fmt::join(broken, "; "));
  } else if (latency.outcome == LatencyOutcome::kUnsure) {
    judgement.verdict = Verdict::kUntrusted;
    judgement.reason = latency.reason;
  }
  return judgement;
}

bool is_slowdown_undecided(const Side& now, const Side& then, ErrorBudget of_test) {
  const auto total = total_times(now, then);
  if (!total) return false;
  const ErrorBudget budget = half_of(of_test);
  const bool is_decided =
      total->is_measured_again && (slowness(*total, kAgainstLatency, budget) == Slowness::kCertain ||
                                   slowest_stage(now, then, kAgainstLatency, budget));
  const bool is_open =
      is_ratio_undecided(*total, kAgainstLatency, budget) && !is_told_by_work(now, then, *total, budget);
  return !is_decided && (is_open || any_stage_seems_slower(now, then, kAgainstLatency, budget));
}

}  // namespace isoframe::harness::judge
