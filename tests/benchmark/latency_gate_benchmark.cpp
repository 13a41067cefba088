// How sure a latency verdict is: runs, each judged as --against judges it beside the one before.  Of
// unchanged code, and with one stage a tenth slower.
//
// At a noise that is known, a thousand simulated runs of each (minutes):
//   build/isoframe_benchmark --benchmark_filter=simulated_latency_gate
// On this machine as it is now, a hundred runs of real generations of each (an hour and a half on a quiet
// machine; the counts so far are printed after each run, and an interruption loses nothing but the rest):
//   build/isoframe_benchmark --benchmark_filter=^latency_gate

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/judge/against.h"
#include "harness/judge/latency.h"
#include "harness/locate/recording_probe.h"
#include "harness/measure/timing_probe.h"
#include "metrics/statistics.h"
#include "tests/benchmark/synthetic_model.h"
#include "tests/faults/catalogue.h"

namespace isoframe {
namespace {

using harness::judge::Side;
using harness::judge::Verdict;
using nlohmann::json;

constexpr int kPairs = 10;

/// Seconds of each outer stage, and "total".
using Sample = std::map<std::string, double>;

json empty() {
  return {{"case", {{"repeat", kPairs}}},
          {"latency", {{"total_seconds", json::array()}}},
          {"ranks", {{{"peak_tensor_bytes", 0}}}}};
}

struct Case {
  std::string name;
  std::string slow_stage;  ///< empty for none
  json result = empty();

  void add(const Sample& sample) {
    for (const auto& [stage, seconds] : sample)
      (stage == "total" ? result["latency"]["total_seconds"] : result["ranks"][0]["busy"][stage])
          .push_back(seconds);
  }
};

/// The baseline first.
std::vector<Case> cases() {
  return {{"baseline", ""}, {"unchanged", ""}, {"slow_denoise", "denoise"}, {"slow_decode", "decode"}};
}

/// Short generations in one process, on one thread.  A pair is as long as it takes to generate each side this
/// often in turns: what a machine with neighbours does in a tenth of a second says little.
class RealMachine {
 public:
  void measure(const std::vector<Case*>& cases) const {
    constexpr int kTurns = 8;
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
    harness::measure::TimingProbe timing(harness::measure::ProgressWriter(-1));
    std::vector<model::Probe*> probes = {&timing};
    const auto fault = slow.empty() ? nullptr : faults::slow_stage(slow, /*rank=*/0).probe(0);
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

/// Each stage's times are log-normal around its share of a second.
class SimulatedMachine {
 public:
  explicit SimulatedMachine(double noise) : noise_(0.0, noise) {}

  void measure(const std::vector<Case*>& cases) {
    for (int pair = 0; pair < kPairs; ++pair) {
      for (Case* value : cases) {
        Sample sample;
        for (const auto& [stage, share] : {std::pair{"text", 0.05}, {"denoise", 0.55}, {"decode", 0.4}}) {
          sample[stage] = share * std::exp(noise_(random_)) * (stage == value->slow_stage ? 1.1 : 1.0);
          sample["total"] += sample[stage];
        }
        value->add(sample);
      }
    }
  }

 private:
  std::mt19937_64 random_{1};
  std::normal_distribution<double> noise_;
};

/// The deviation of a stage's times in units of the baseline's, of one side: what the simulation calls noise.
double noise_of(const json& result, const json& baseline, const std::string& stage) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < kPairs; ++i)
    ratios.push_back(std::log(result["ranks"][0]["busy"][stage][i].get<double>() /
                              baseline["ranks"][0]["busy"][stage][i].get<double>()));
  return metrics::sample_standard_deviation(ratios) / std::sqrt(2.0);
}

using Counts = std::map<std::string, double>;

/// Counters: what became of the runs of each case, judged as the only case and as one of as many as
/// smoke.yaml has.  `judged` is called after each run with its number and the counts so far.
template <typename Machine, typename Judged>
void judge_runs(benchmark::State& state, Machine& machine, int runs, const Judged& judged) {
  constexpr std::array kCases = {1, 12};
  Counts counts = {{"runs", runs}};
  for (auto _ : state) {
    std::vector<Case> then;
    for (int run = 0; run <= runs; ++run) {
      std::vector<Case> now = cases();
      const auto side = [](const std::vector<Case>& of, std::size_t index) {
        return Side{of[index].result, of[0].result};
      };
      std::vector<Case*> all;
      for (Case& value : now) all.push_back(&value);
      machine.measure(all);
      for (const char* stage : {"denoise", "decode"})
        counts[fmt::format("noise_{}", stage)] += noise_of(now[1].result, now[0].result, stage) / (runs + 1);
      if (run == 0) {
        then = std::move(now);
        continue;
      }
      for (int measurement = 1; measurement < harness::judge::kMostMeasurements; ++measurement) {
        std::vector<Case*> again = {&now[0]};
        for (std::size_t i = 1; i < now.size(); ++i) {
          if (!harness::judge::leaves_doubt(side(now, i), side(then, 1), kCases.back())) continue;
          again.push_back(&now[i]);
          counts[fmt::format("{}_again_{}", now[i].name, measurement)] += 1;
        }
        if (again.size() == 1) break;
        machine.measure(again);
      }
      for (std::size_t i = 1; i < now.size(); ++i) {
        for (const int compared : kCases) {
          const auto [verdict, reason] =
              harness::judge::judge_against(side(now, i), side(then, 1), json(), {}, compared);
          counts[fmt::format("{}_{}_of_{}", now[i].name, harness::judge::to_string(verdict), compared)] += 1;
          if (verdict == Verdict::kFailed && !now[i].slow_stage.empty() &&
              reason.find(now[i].slow_stage + " on rank 0") != std::string::npos)
            counts[fmt::format("{}_located_of_{}", now[i].name, compared)] += 1;
        }
      }
      then = std::move(now);
      judged(run, counts);
    }
  }
  for (const auto& [name, count] : counts) state.counters[name] = count;
}

void latency_gate(benchmark::State& state) {
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  const RealMachine machine;
  judge_runs(state, machine, 100, [](int run, const Counts& counts) {
    fmt::print(stderr, "{} judged: {}\n", run, json(counts).dump());
  });
}

/// The argument is the noise: the deviation of one stage's time, in thousandths of it.
void simulated_latency_gate(benchmark::State& state) {
  SimulatedMachine machine(1e-3 * static_cast<double>(state.range(0)));
  judge_runs(state, machine, 1000, [](int, const Counts&) {});
}

BENCHMARK(latency_gate)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK(simulated_latency_gate)
    ->ArgsProduct({{5, 10, 15, 20, 30, 50, 100}})
    ->Iterations(1)
    ->Unit(benchmark::kSecond);

}  // namespace
}  // namespace isoframe
