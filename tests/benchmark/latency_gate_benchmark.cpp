// How sure a latency verdict is: runs of unchanged code, and of one with one stage a tenth slower, each
// judged as --against judges it beside the run before.
//
// At a noise that is known, a thousand simulated runs of each (minutes):
//   build/isoframe_benchmark --benchmark_filter=simulated_latency_gate
// On this machine as it is now, a hundred runs of real generations, fifty on each of two cores, with
// denoising and decoding slower in turns (an hour and a quarter; the counts so far are printed after each
// run, and an interruption loses nothing but the rest):
//   build/isoframe_benchmark --benchmark_filter=^latency_gate

#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/judge/against.h"
#include "harness/judge/latency.h"
#include "harness/locate/recording_probe.h"
#include "harness/measure/timing_probe.h"
#include "harness/selftest/faults/catalogue.h"
#include "metrics/statistics.h"
#include "model/parallel/in_process.h"
#include "reports/records/case_result.h"
#include "tests/benchmark/synthetic_model.h"

namespace isoframe {
namespace {

using harness::judge::Side;
using reports::records::CaseResult;
using reports::records::Verdict;

constexpr int kPairs = 10;
constexpr int kCasesOfSmoke = 12;

/// Seconds of each outer stage, and of the whole as "total".
using Sample = std::map<std::string, double>;

/// A result of one rank that has measured nothing yet.
CaseResult empty() {
  CaseResult result;
  result.ranks.resize(1);
  return result;
}

struct Case {
  std::string name;
  std::string slow_stage;  ///< empty if no stage is slow
  CaseResult result = empty();

  void add(const Sample& sample) {
    for (const auto& [stage, seconds] : sample)
      (stage == "total" ? result.latency.total_seconds : result.ranks[0].busy[stage]).push_back(seconds);
  }
};

const Case kBaseline{"baseline", ""}, kUnchanged{"unchanged", ""}, kSlowDenoise{"slow_denoise", "denoise"},
    kSlowDecode{"slow_decode", "decode"};

/// Makes the cases of a run: the baseline first, then those that are compared with the run before.
using Cases = std::function<std::vector<Case>(int run)>;

/// This machine, with short generations on one thread.  A pair is as long as it takes to generate each side
/// this often in turns: on a machine with neighbours a tenth of a second deviates from the next one by 7 %,
/// and a pair is to deviate by no more than 2 to 3 %.
class RealMachine {
 public:
  void measure(const std::vector<Case*>& cases) const {
    constexpr int kTurns = 14;
    for (int pair = 0; pair < kPairs; ++pair) {
      std::vector<Sample> sums(cases.size());
      for (int turn = 0; turn < kTurns; ++turn) {
        for (std::size_t i = 0; i < cases.size(); ++i) {
          const std::size_t index = turn % 2 == 0 ? i : cases.size() - 1 - i;
          for (const auto& [stage, seconds] : generate(cases[index]->slow_stage))
            sums[index][stage] += seconds;
        }
      }
      for (std::size_t i = 0; i < cases.size(); ++i) cases[i]->add(sums[i]);
    }
  }

 private:
  Sample generate(const std::string& slow) const {
    harness::measure::TimingProbe timing;
    std::vector<model::Probe*> probes = {&timing};
    const auto fault =
        slow.empty() ? nullptr : harness::selftest::faults::slow_stage(slow, /*rank=*/0).probe(0);
    if (fault) probes.insert(probes.begin(), fault.get());
    harness::locate::ProbeChain chain(probes);
    const auto start = std::chrono::steady_clock::now();
    model_.generate(chain);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    Sample sample = timing.busy();
    sample["total"] = seconds.count();
    return sample;
  }

  SyntheticModel model_{"tiny", SyntheticModel::Video{.height = 64, .width = 80, .frames = 1}};
};

/// A machine on which each stage's times are log-normal around its part of a second.
class SimulatedMachine {
 public:
  explicit SimulatedMachine(double noise) : noise_(0.0, noise) {}

  void measure(const std::vector<Case*>& cases) {
    for (int pair = 0; pair < kPairs; ++pair) {
      for (Case* spec : cases) {
        Sample sample;
        for (const auto& [stage, share] : {std::pair{"text", 0.05}, {"denoise", 0.55}, {"decode", 0.4}}) {
          sample[stage] = share * std::exp(noise_(random_)) * (stage == spec->slow_stage ? 1.1 : 1.0);
          sample["total"] += sample[stage];
        }
        spec->add(sample);
      }
    }
  }

 private:
  std::mt19937_64 random_{1};
  std::normal_distribution<double> noise_;
};

/// Noise as the simulation has it: the deviation of a stage's times in units of the baseline's, on one side.
double noise_of(const CaseResult& result, const CaseResult& baseline, const std::string& stage) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < kPairs; ++i)
    ratios.push_back(std::log(result.ranks[0].busy.at(stage)[i] / baseline.ranks[0].busy.at(stage)[i]));
  return metrics::sample_standard_deviation(ratios) / std::sqrt(2.0);
}

/// A case's result beside its baseline's, as judge takes them.
Side side(const Case& spec, const Case& baseline) { return {spec.result, &baseline.result, kPairs}; }

using Counts = std::map<std::string, double>;

/// Adds to `counts` what became of a run's cases, each judged as the only one and as one of as many as
/// smoke.yaml has.
void judge(const std::vector<Case>& now, const Side& then, Counts& counts) {
  for (auto spec = now.begin() + 1; spec != now.end(); ++spec) {
    for (const int compared : {1, kCasesOfSmoke}) {
      const harness::judge::AgainstJudgement found =
          harness::judge::judge_against(side(*spec, now[0]), then, std::nullopt, {}, {.tests = compared});
      counts[fmt::format("{}_{}_of_{}", spec->name, name_of(found.verdict), compared)] += 1;
      if (found.verdict == Verdict::kFailed && !spec->slow_stage.empty() &&
          found.reason.find(spec->slow_stage + " on rank 0") != std::string::npos)
        counts[fmt::format("{}_located_of_{}", spec->name, compared)] += 1;
    }
  }
}

/// Measures the cases in doubt again, with the baseline.
template <typename Machine>
void measure_again(Machine& machine, std::vector<Case>& now, const Side& then, Counts& counts) {
  for (int measurement = 1; measurement < harness::judge::kMostMeasurements; ++measurement) {
    std::vector<Case*> again = {&now[0]};
    for (auto spec = now.begin() + 1; spec != now.end(); ++spec) {
      if (!harness::judge::is_slowdown_undecided(side(*spec, now[0]), then, {.tests = kCasesOfSmoke}))
        continue;
      again.push_back(&*spec);
      counts[fmt::format("{}_again_{}", spec->name, measurement)] += 1;
    }
    if (again.size() == 1) break;
    machine.measure(again);
  }
}

/// Judges so many runs, each beside the one before; the first has none before it.  `judged` is given each
/// run's counts: of verdicts, of measurements, and the deviation of each stage's times.
template <typename Machine>
void judge_runs(Machine& machine, int runs, const Cases& cases,
                const std::function<void(const Counts&)>& judged) {
  std::vector<Case> then;
  for (int run = 0; run <= runs; ++run) {
    std::vector<Case> now = cases(run);
    std::vector<Case*> all;
    for (Case& spec : now) all.push_back(&spec);
    machine.measure(all);
    if (run > 0) {
      const Side before = side(then[1], then[0]);
      Counts counts = {{"runs", 1}};
      for (const char* stage : {"denoise", "decode"})
        counts[fmt::format("noise_{}", stage)] = noise_of(now[1].result, now[0].result, stage);
      measure_again(machine, now, before, counts);
      judge(now, before, counts);
      judged(counts);
    }
    then = std::move(now);
  }
}

/// Sums of the runs' counts, and means of their deviations.
class Totals {
 public:
  void add(const Counts& counts) {
    for (const auto& [name, count] : counts) sums_[name] += count;
  }
  Counts counts() const {
    Counts result = sums_;
    for (auto& [name, count] : result)
      if (name.starts_with("noise_")) count /= sums_.at("runs");
    return result;
  }

 private:
  Counts sums_;
};

void show(benchmark::State& state, const Totals& totals) {
  for (const auto& [name, count] : totals.counts()) state.counters[name] = count;
}

/// Runs on two cores at once, each with runs of its own.
void latency_gate(benchmark::State& state) {
  constexpr int kCores = 2, kRuns = 100;
  Totals totals;
  std::mutex mutex;
  const auto judged = [&](const Counts& counts) {
    const std::scoped_lock lock(mutex);
    totals.add(counts);
    fmt::print(stderr, "{}\n", nlohmann::json(totals.counts()).dump());
  };
  const Cases in_turns = [](int run) {
    return std::vector{kBaseline, kUnchanged, run % 2 == 0 ? kSlowDenoise : kSlowDecode};
  };
  for (auto _ : state) {
    model::parallel::run_in_threads(kCores, [&](model::parallel::Rendezvous&) {
      const RealMachine machine;
      judge_runs(machine, kRuns / kCores, in_turns, judged);
    });
  }
  show(state, totals);
}

/// The argument is the noise: the deviation of one stage's time, in thousandths of it.
void simulated_latency_gate(benchmark::State& state) {
  SimulatedMachine machine(1e-3 * static_cast<double>(state.range(0)));
  Totals totals;
  const Cases both = [](int) { return std::vector{kBaseline, kUnchanged, kSlowDenoise, kSlowDecode}; };
  for (auto _ : state) judge_runs(machine, 1000, both, [&](const Counts& counts) { totals.add(counts); });
  show(state, totals);
}

BENCHMARK(latency_gate)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK(simulated_latency_gate)
    ->ArgsProduct({{5, 10, 15, 20, 30, 50, 100}})
    ->Iterations(1)
    ->Unit(benchmark::kSecond);

}  // namespace
}  // namespace isoframe
