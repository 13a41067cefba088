#include "harness/selftest/resources.h"

#include <algorithm>
#include <iterator>

#include "harness/judge/against.h"
#include "harness/judge/latency.h"

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
  return judge::judge_against({now}, {then}, std::nullopt, {}, /*comparisons=*/1).verdict ==
         records::Verdict::kFailed;
}

/// True if sound runs, shared out to two sides, hold the gates.
bool hold_among_themselves(const std::vector<MeasuredPair>& pairs) {
  CaseResult sides[2];
  for (std::size_t i = 0; i < pairs.size(); ++i) add(sides[i / 2 % 2], pairs[i].sound);
  return !breaks_a_gate(sides[0], sides[1]);
}

/// Notes where the fault does its harm, if that can be told.
void locate_harm(Harm harm, const CaseResult& faulty, const CaseResult& sound, ResourceTrial& trial) {
  if (harm == Harm::kMemory) {
    const auto kept = judge::first_kept(faulty, sound, static_cast<std::int64_t>(judge::kAgainstMemoryBytes));
    if (!kept) return;
    trial.found = {kept->stage, kept->step, "", {kept->rank}};
    trial.sentence = sentence(*kept);
  } else {
    const auto slow =
        judge::slowest_stage({faulty}, {sound}, judge::kAgainstLatency, {.of_case = 0.5, .cases = 1});
    if (!slow) return;
    trial.found = {slow->stage, std::nullopt, "", {slow->rank}};
    trial.sentence = sentence(*slow);
  }
}

}  // namespace

ResourceTrial try_resource_fault(const Fault& fault, const Materials& materials) {
  CaseResult faulty, sound;
  std::vector<MeasuredPair> measured;
  const bool is_exact = fault.harm == Harm::kMemory;  // bytes are counted, times are sampled
  const int batch = is_exact ? 4 : kPairs, most = is_exact ? 4 : kMostPairs;
  ResourceTrial trial;
  while (!trial.found && std::ssize(measured) < most) {
    for (const MeasuredPair& pair : measure_in_turns(fault.setting, fault.plant, batch, materials)) {
      add(faulty, pair.faulty);
      add(sound, pair.sound);
      measured.push_back(pair);
    }
    trial.is_caught = breaks_a_gate(faulty, sound);
    if (trial.is_caught) locate_harm(fault.harm, faulty, sound, trial);
  }
  // As in a run, an alarm is measured again before it is believed.
  trial.is_sound = hold_among_themselves(measured) ||
                   hold_among_themselves(measure_in_turns(fault.setting, fault.plant, 2 * batch, materials));
  return trial;
}

}  // namespace isoframe::harness::selftest
