// How sure a latency verdict is, on this machine as it is now: real generations, judged as --against judges
// them. Runs of unchanged code against one another, and runs in which one stage takes a tenth longer.  Takes
// minutes:
//   build/isoframe_benchmark --benchmark_filter=^latency_gate
// and how sure it is at a noise that is known, a thousand simulated runs each:
//   build/isoframe_benchmark --benchmark_filter=simulated_latency_gate

#include <array>
#include <chrono>
#include <cmath>
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
#include "harness/locate/recording_probe.h"
#include "harness/measure/timing_probe.h"
#include "tests/benchmark/synthetic_model.h"
#include "tests/faults/catalogue.h"

namespace isoframe {
namespace {

using harness::judge::Side;
using harness::judge::Verdict;
using nlohmann::json;

constexpr int kPairs = 10;

json empty() {
  return {{"case", {{"repeat", kPairs}}},
          {"latency", {{"total_seconds", json::array()}}},
          {"ranks", {{{"peak_tensor_bytes", 0}}}}};
}

/// result.json of a case and of its baseline, measured in turns.
struct Run {
  json result = empty(), baseline = empty();
  Side side() const { return {result, baseline}; }
};

/// A case and its baseline: the same generation, in one process.
class Machine {
 public:
  /// `slow` names the case's slow stage.
  void measure(Run& run, const std::string& slow) const {
    for (int pair = 0; pair < kPairs; ++pair) {
      for (const bool is_baseline : {pair % 2 == 0, pair % 2 != 0})
        add(is_baseline ? run.baseline : run.result, is_baseline ? "" : slow);
    }
  }

 private:
  void add(json& result, const std::string& slow) const {
    harness::measure::TimingProbe timing(harness::measure::ProgressWriter(-1));
    std::vector<model::Probe*> probes = {&timing};
    const auto fault = slow.empty() ? nullptr : faults::slow_stage(slow, /*rank=*/0).probe(0);
    if (fault) probes.insert(probes.begin(), fault.get());
    harness::locate::ProbeChain chain(probes);
    const auto start = std::chrono::steady_clock::now();
    model_.generate(chain);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    result["latency"]["total_seconds"].push_back(seconds.count());
    const json busy = timing.busy();
    for (const auto& [stage, own] : busy.items()) result["ranks"][0]["busy"][stage].push_back(own);
  }

  SyntheticModel model_{"tiny"};
};

/// The same with times drawn, so that the noise is known: each stage's are log-normal around its share of a
/// second.
class SimulatedMachine {
 public:
  explicit SimulatedMachine(double noise) : noise_(0.0, noise) {}

  void measure(Run& run, const std::string& slow) {
    for (int pair = 0; pair < kPairs; ++pair) {
      add(run.baseline, "");
      add(run.result, slow);
    }
  }

 private:
  void add(json& result, const std::string& slow) {
    double total = 0.0;
    for (const auto& [stage, share] : {std::pair{"text", 0.05}, {"denoise", 0.55}, {"decode", 0.4}}) {
      const double seconds = share * std::exp(noise_(random_)) * (stage == slow ? 1.1 : 1.0);
      result["ranks"][0]["busy"][stage].push_back(seconds);
      total += seconds;
    }
    result["latency"]["total_seconds"].push_back(total);
  }

  std::mt19937_64 random_{1};
  std::normal_distribution<double> noise_;
};

/// Runs, each against one of unchanged code, judged as the only case and as one of as many as smoke.yaml has.
template <typename AnyMachine>
void judge_runs(benchmark::State& state, AnyMachine& machine, int runs, const std::string& slow) {
  constexpr std::array kCases = {1, 12};
  std::map<std::string, double> counts = {{"runs", runs}};
  for (auto _ : state) {
    for (int run = 0; run < runs; ++run) {
      Run earlier, now;
      machine.measure(earlier, "");
      machine.measure(now, slow);
      if (harness::judge::seems_slower(now.side(), earlier.side())) {
        machine.measure(now, slow);
        counts["measured_again"] += 1;
      }
      for (const int cases : kCases) {
        const auto [verdict, reason] =
            harness::judge::judge_against(now.side(), earlier.side(), json(), {}, cases);
        counts[fmt::format("{}_of_{}", harness::judge::to_string(verdict), cases)] += 1;
        if (verdict == Verdict::kFailed && !slow.empty() &&
            reason.find(slow + " on rank 0") != std::string::npos)
          counts[fmt::format("located_of_{}", cases)] += 1;
      }
    }
  }
  for (const auto& [name, count] : counts) state.counters[name] = count;
}

void latency_gate(benchmark::State& state, const std::string& slow) {
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  const Machine machine;
  judge_runs(state, machine, 100, slow);
}

/// The argument is the noise: the deviation of one stage's time, in thousandths of it.
void simulated_latency_gate(benchmark::State& state, const std::string& slow) {
  SimulatedMachine machine(1e-3 * static_cast<double>(state.range(0)));
  judge_runs(state, machine, 1000, slow);
}

void noises(benchmark::internal::Benchmark* simulated) {
  for (const int thousandths : {5, 10, 15, 20, 30, 50, 100}) simulated->Arg(thousandths);
  simulated->Iterations(1)->Unit(benchmark::kSecond);
}

BENCHMARK_CAPTURE(simulated_latency_gate, unchanged, "")->Apply(noises);
BENCHMARK_CAPTURE(simulated_latency_gate, slow_denoise, "denoise")->Apply(noises);
BENCHMARK_CAPTURE(simulated_latency_gate, slow_decode, "decode")->Apply(noises);
BENCHMARK_CAPTURE(latency_gate, unchanged, "")->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(latency_gate, slow_denoise, "denoise")->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(latency_gate, slow_decode, "decode")->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace isoframe
