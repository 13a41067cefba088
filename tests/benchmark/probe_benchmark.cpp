// Cost of observing: a generation without an observer, with one that counts the points, and with every point
// fingerprinted.  Measures CPU time, so that a busy machine does not blur it.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include "harness/locate/recording_probe.h"
#include "tests/benchmark/synthetic_model.h"

namespace isoframe {
namespace {

class CountingProbe : public model::Probe {
 public:
  void begin(model::ProbePoint) override { ++calls; }
  void end(model::ProbePoint) override { ++calls; }
  void tensor(model::ProbePoint, const at::Tensor& value) override {
    ++calls;
    ++points;
    bytes += static_cast<std::int64_t>(value.nbytes());
  }
  std::int64_t calls = 0;
  std::int64_t points = 0;
  std::int64_t bytes = 0;
};

template <typename Probe>
void generate(benchmark::State& state, const char* preset) {
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  const SyntheticModel model(preset, {});
  for (auto _ : state) {
    Probe probe;
    model.generate(probe);
  }
  CountingProbe count;
  model.generate(count);
  state.counters["calls"] = static_cast<double>(count.calls);
  state.counters["points"] = static_cast<double>(count.points);
  state.counters["bytes"] = static_cast<double>(count.bytes);
}

/// Cost of one such call without an observer; multiplied by `calls`, it is all that probes add to an ordinary
/// run.
void unobserved_call(benchmark::State& state) {
  model::Probe* probe = &model::no_probe();
  const at::Tensor value = at::empty({1});
  std::int64_t index = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(probe);
    probe->tensor({"transformer_blocks.attn.query", index++ % 64, {{{1, 0, 64}, {2, 0, 16}}}}, value);
  }
}
BENCHMARK(unobserved_call);

constexpr auto unobserved = generate<model::Probe>;
constexpr auto counted = generate<CountingProbe>;
constexpr auto recorded = generate<harness::locate::RecordingProbe>;

BENCHMARK_CAPTURE(unobserved, tiny, "tiny")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(counted, tiny, "tiny")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(recorded, tiny, "tiny")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(unobserved, small, "small")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(recorded, small, "small")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace isoframe
