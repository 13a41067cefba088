// Cost of recording each collective: two ranks in threads generate with and without the observer that the
// worker sets.  Process CPU time; run with --benchmark_repetitions=20
// --benchmark_enable_random_interleaving=true, so that a drifting machine spoils neither side.

#include <atomic>

#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "base/temporary_folder.h"
#include "harness/measure/timing_probe.h"
#include "model/parallel/in_process.h"
#include "model/pipeline/text_to_video.h"
#include "model/synthetic/presets.h"
#include "model/synthetic/synthetic.h"

namespace isoframe {
namespace {

using harness::measure::TimingProbe;

model::pipeline::Request request() {
  model::pipeline::Request request;
  request.prompt = "A lighthouse, and a sign that says \"KEEP LEFT\"";
  request.height = 112;
  request.width = 176;
  request.frames = 5;
  request.steps = 4;
  request.tiling = {.enabled = true, .tile_size = 64, .overlap = 0.25};
  return request;
}

void two_ranks(benchmark::State& state, bool is_recorded) {
  const base::TemporaryFolder folder;
  model::synthetic::initialize_checkpoint(model::synthetic::preset("tiny"), "tiny", 0,
                                          folder.path() / "tiny");
  std::atomic<std::size_t> collectives = 0;
  model::parallel::run_in_threads(2, [&](model::parallel::Rendezvous& rendezvous) {
    const model::pipeline::TextToVideo model(
        model::checkpoint::Checkpoint(folder.path() / "tiny"),
        model::parallel::make_mesh({.ulysses = 2, .vae_patch = 2}, rendezvous), std::nullopt);
    TimingProbe probe;
    if (is_recorded)
      for (const auto& group : model.mesh().groups())
        group->set_observer([&probe](const model::parallel::CollectiveCall& call) {
          probe.collective(call.group, call.collective, call.start,
                           {call.bytes_sent, call.bytes_received, call.seconds});
        });
    const auto generate = [&] {
      probe.clear();
      model.generate(request(), probe);
    };
    generate();
    model.mesh().world->barrier();
    for (const auto& group : model.mesh().groups()) group->reset_traffic();
    if (rendezvous.rank() == 0) {
      for (auto _ : state) generate();
      for (const auto& group : model.mesh().groups())
        for (const auto& [name, traffic] : group->traffic()) collectives += traffic.calls;
    } else {
      for (benchmark::IterationCount k = 0; k < state.max_iterations; ++k) generate();
    }
    model.mesh().world->barrier();
  });
  state.counters["collectives"] =
      static_cast<double>(collectives) / static_cast<double>(state.max_iterations);
}

BENCHMARK_CAPTURE(two_ranks, unrecorded, false)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(20)
    ->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(two_ranks, recorded, true)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(20)
    ->MeasureProcessCPUTime();

void record_of_one_collective(benchmark::State& state) {
  TimingProbe probe;
  const auto start = TimingProbe::Clock::now();
  int records = 0;
  for (auto _ : state) {
    probe.collective("ulysses", "all_to_all", start, {1, 2, 0.5});
    if (++records % 10'000 == 0) probe.clear();
  }
}
BENCHMARK(record_of_one_collective);

}  // namespace
}  // namespace isoframe
