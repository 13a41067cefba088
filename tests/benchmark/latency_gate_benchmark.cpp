// How sure a latency verdict is, on this machine as it is now: real generations, judged as --against judges
// them. Runs of unchanged code against one another, and runs in which one stage takes a tenth longer.  Takes
// minutes:
//   build/isoframe_benchmark --benchmark_filter=latency_gate

#include <array>
#include <chrono>
#include <map>
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

/// A case and its baseline: the same generation, in one process.
class Machine {
 public:
  /// result.json of the case and of its baseline, measured in turns; `slow` names the case's slow stage.
  struct Run {
    json result = empty(), baseline = empty();
    Side side() const { return {result, baseline}; }
  };

  void measure(Run& run, const std::string& slow) const {
    for (int pair = 0; pair < kPairs; ++pair) {
      for (const bool is_baseline : {pair % 2 == 0, pair % 2 != 0})
        add(is_baseline ? run.baseline : run.result, is_baseline ? "" : slow);
    }
  }

 private:
  static json empty() {
    return {{"case", {{"repeat", kPairs}}},
            {"latency", {{"total_seconds", json::array()}}},
            {"ranks", {{{"peak_tensor_bytes", 0}}}}};
  }

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

/// Runs, each against one of unchanged code, judged as the only case and as one of as many as smoke.yaml has.
void latency_gate(benchmark::State& state, const std::string& slow) {
  constexpr int kRuns = 100;
  constexpr std::array kCases = {1, 12};
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  const Machine machine;
  std::map<std::string, double> counts;
  for (auto _ : state) {
    for (int run = 0; run < kRuns; ++run) {
      Machine::Run earlier, now;
      machine.measure(earlier, "");
      machine.measure(now, slow);
      if (harness::judge::seems_slower(now.side(), earlier.side(), kCases.front()))
        machine.measure(now, slow);
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

BENCHMARK_CAPTURE(latency_gate, unchanged, "")->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(latency_gate, slow_denoise, "denoise")->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(latency_gate, slow_decode, "decode")->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace isoframe
