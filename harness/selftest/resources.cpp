#include "harness/selftest/resources.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include <fmt/format.h>

#include "harness/judge/against.h"
#include "harness/judge/latency.h"
#include "metrics/ratio_interval.h"

namespace isoframe::harness::selftest {

namespace records = reports::records;
using records::CaseResult;

namespace {

/// Adds one repetition, as a run's result collects them.
void add(CaseResult& result, const std::vector<records::RankRecord>& ranks) {
  double slowest = 0.0;
  result.ranks.resize(ranks.size());
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    records::RankResult& rank = result.ranks[i];
    double total = 0.0;
    for (const auto& [stage, seconds] : ranks[i].busy) {
      rank.busy[stage].push_back(seconds);
      total += seconds;
    }
    // Sides are measured in turns, so that a second is a good enough unit for both.
    if (!rank.yardstick) rank.yardstick.emplace();
    rank.yardstick->seconds.push_back(1.0);
    rank.yardstick->busy_seconds.push_back(1.0);
    slowest = std::max(slowest, total);
    rank.live_tensor_bytes = ranks[i].live_tensor_bytes;
    rank.peak_tensor_bytes =
        std::max(rank.peak_tensor_bytes.value_or(0), ranks[i].peak_tensor_bytes.value_or(0));
  }
  result.latency.total_seconds.push_back(slowest);
}

bool breaks_a_gate(const CaseResult& now, const CaseResult& then) {
  return judge::judge_against({now}, {then}, std::nullopt, {}, {}).verdict == records::Verdict::kFailed;
}

/// True if sound runs, shared out to two sides, hold the gates.
bool hold_among_themselves(const std::vector<MeasuredPair>& pairs) {
  CaseResult sides[2];
  for (std::size_t i = 0; i < pairs.size(); ++i) add(sides[i / 2 % 2], pairs[i].sound);
  return !breaks_a_gate(sides[0], sides[1]);
}

/// The budget of the gate's stages in a run of one case.
judge::ErrorBudget stage_budget() { return judge::ErrorBudget().part(0.5); }

/// Notes where the fault does its harm, if that can be told.
void locate_harm(Harm harm, const CaseResult& faulty, const CaseResult& sound, ResourceTrial& trial) {
  if (harm == Harm::kMemory) {
    const auto kept = judge::first_kept(faulty, sound, static_cast<std::int64_t>(judge::kAgainstMemoryBytes));
    if (!kept) return;
    trial.found = {kept->stage, kept->step, "", {kept->rank}};
    trial.sentence = sentence(*kept);
  } else {
    const auto slow = judge::slowest_stage({faulty}, {sound}, judge::kAgainstLatency, stage_budget());
    if (!slow) return;
    trial.found = {slow->stage, std::nullopt, "", {slow->rank}};
    trial.sentence = sentence(*slow);
  }
}

/// Times of the stage that the fault slows, on its rank.
std::vector<double> times_of_fault(const Fault& fault, const CaseResult& result) {
  const auto rank = static_cast<std::size_t>(fault.expected.ranks.at(0));
  return result.ranks.at(rank).busy.at(fault.expected.stage);
}

/// A gate breaks where the ratio's lower bound is above the limit, so that what it sees is the limit and the
/// reach of that bound, and as much again as chance may take away.
double visible_slowdown(const Fault& fault, const CaseResult& faulty, const CaseResult& sound) {
  const std::vector<double> own = times_of_fault(fault, faulty), its = times_of_fault(fault, sound);
  if (!judge::flaw_of(own, its).empty()) return std::numeric_limits<double>::infinity();
  const auto stages = static_cast<double>(sound.ranks.size() * sound.ranks[0].busy.size());
  double seen = judge::kAgainstLatency;
  for (const double confidence : {stage_budget().part(1.0 / stages).confidence(), judge::kHolds}) {
    const metrics::RatioInterval interval = metrics::unpaired_ratio_interval(own, its, confidence);
    seen *= interval.upper / interval.ratio;
  }
  return seen - 1.0;
}

}  // namespace

std::string ResourceTrial::untrusted_reason() const {
  if (found || !visible_slowdown || *visible_slowdown <= kSlowdown) return {};
  if (std::isinf(*visible_slowdown))
    return "the clock of this machine is too coarse for the times of its stages";
  return fmt::format(
      "too noisy to see {:.0f} %: as its repetitions deviate now, this machine shows those of {:.0f} % and "
      "more",
      100.0 * kSlowdown, std::ceil(100.0 * *visible_slowdown));
}

ResourceTrial judge_pairs(const Fault& fault, const std::vector<MeasuredPair>& measured) {
  CaseResult faulty, sound;
  for (const MeasuredPair& pair : measured) {
    add(faulty, pair.faulty);
    add(sound, pair.sound);
  }
  ResourceTrial trial;
  trial.is_caught = breaks_a_gate(faulty, sound);
  if (trial.is_caught) locate_harm(fault.harm, faulty, sound, trial);
  if (fault.harm == Harm::kTime) trial.visible_slowdown = visible_slowdown(fault, faulty, sound);
  return trial;
}

ResourceTrial try_resource_fault(const Fault& fault, const Materials& materials) {
  const bool is_exact = fault.harm == Harm::kMemory;  // bytes are counted, times are sampled
  const int batch = is_exact ? 4 : kPairs, most = is_exact ? 4 : kMostPairs;
  std::vector<MeasuredPair> measured;
  ResourceTrial trial;
  while (!trial.found && std::ssize(measured) < most) {
    std::ranges::move(measure_in_turns(fault.setting, fault.plant, batch, materials),
                      std::back_inserter(measured));
    trial = judge_pairs(fault, measured);
  }
  // As in a run, an alarm is measured again before it is believed.
  trial.is_sound = hold_among_themselves(measured) ||
                   hold_among_themselves(measure_in_turns(fault.setting, fault.plant, 2 * batch, materials));
  return trial;
}

}  // namespace isoframe::harness::selftest
