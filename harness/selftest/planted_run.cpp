#include "harness/selftest/planted_run.h"

#include <chrono>
#include <mutex>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "harness/judge/locked.h"
#include "harness/locate/locked_results.h"
#include "harness/locate/recording_probe.h"
#include "harness/measure/memory_probe.h"
#include "harness/measure/timing_probe.h"
#include "harness/scenario/case.h"
#include "harness/scenario/dtype.h"
#include "harness/worker/numerics.h"
#include "model/checkpoint/checkpoint.h"
#include "model/kernels/caching_allocator.h"
#include "model/parallel/in_process.h"
#include "model/pipeline/limits.h"
#include "model/synthetic/presets.h"
#include "model/synthetic/synthetic.h"
#include "reports/heat_map.h"

namespace isoframe::harness::selftest {

namespace fs = std::filesystem;
using model::parallel::Mesh;
using model::pipeline::Request;
using nlohmann::json;
using reports::records::RankRecord;

namespace {

/// The smallest request in which every fault of the catalogue has a place: two latent frames of 5 x 7 in six
/// tiles of four shapes, both branches, two steps.
Request request_of(const Setting& setting, const Materials& materials) {
  Request request;
  if (setting.task == "i2v") request.image = materials.image();
  request.prompt = "A lighthouse, and a sign that says \"KEEP LEFT\"";
  request.negative_prompt = "blurred";
  request.height = 80;
  request.width = 112;
  request.frames = 5;
  request.steps = setting.steps;
  request.seed = 42;
  request.tiling = {.enabled = true, .tile_size = 64, .overlap = 0.25};
  return request;
}

constexpr std::chrono::seconds kPatience(20);

std::unique_ptr<model::pipeline::Pipeline> load(const fs::path& directory, Mesh mesh,
                                                const std::string& dtype) {
  const model::checkpoint::Checkpoint checkpoint(directory);
  return model::pipeline::load_pipeline(checkpoint, std::move(mesh), std::nullopt,
                                        at::TensorOptions(scenario::scalar_type_of(dtype)));
}

/// The case that the setting stands for.
scenario::Case case_of(const Setting& setting, const Materials& materials) {
  scenario::Case spec;
  spec.checkpoint = materials.checkpoint(setting.task);
  spec.layout = model::parallel::parse_layout(setting.layout);
  spec.dtype = setting.dtype;
  spec.baseline = "single";
  spec.gates.bounded = worker::numerics_class_of(spec) == reports::records::NumericsClass::kBounded;
  return spec;
}

double bound_of(const Setting& setting, const Materials& materials) {
  const scenario::Case spec = case_of(setting, materials);
  return worker::numerics_of(spec, request_of(setting, materials),
                             model::pipeline::read_limits(model::checkpoint::Checkpoint(spec.checkpoint)))
      .relative_l2;
}

}  // namespace

fs::path Materials::checkpoint(const std::string& task) const {
  const fs::path directory = folder_ / task;
  if (fs::exists(directory)) return directory;
  const nlohmann::json configuration = model::synthetic::preset("tiny", model::checkpoint::parse_task(task));
  model::synthetic::initialize_checkpoint(configuration, "tiny", 0, directory);
  return directory;
}

fs::path Materials::image() const {
  const fs::path file = folder_ / "image.jpg";
  if (fs::exists(file)) return file;
  constexpr int kHeight = 150, kWidth = 170;
  std::vector<std::uint8_t> rgb;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const bool is_light = (x / 9 + y / 7) % 2 == 0;
      for (const int value : {x, y + (is_light ? 90 : 0), 255 - x})
        rgb.push_back(static_cast<std::uint8_t>(value));
    }
  }
  base::write_text(file, reports::jpeg(rgb.data(), kHeight, kWidth, kWidth, /*quality=*/90));
  return file;
}

namespace {

/// A rank of a planted run: its model, loaded from what the fault left of the checkpoint, and the request.
struct Rank {
  std::unique_ptr<model::pipeline::Pipeline> model;
  Request request;
  std::unique_ptr<model::Probe> fault;  ///< null if the plant has no probe
  std::shared_ptr<model::parallel::Group> world;
  int rank = 0;
};

/// Calls `run` on every rank, each a thread of this process.
void run_ranks(const Setting& setting, const Plant& plant, const Materials& materials,
               const std::function<void(Rank&)>& run) {
  const fs::path checkpoint = materials.checkpoint(setting.task);
  const model::parallel::Layout layout = model::parallel::parse_layout(setting.layout);
  model::parallel::run_in_threads(
      layout.world_size(),
      [&](model::parallel::Rendezvous& rendezvous) {
        Mesh mesh = model::parallel::make_mesh(layout, rendezvous);
        Rank own{.model = nullptr,
                 .request = request_of(setting, materials),
                 .fault = plant.probe ? plant.probe(mesh.rank) : nullptr,
                 .world = mesh.world,
                 .rank = mesh.rank};
        CheckpointCopy copy(checkpoint, materials.scratch() / fmt::format("rank-{}", own.rank));
        if (plant.checkpoint) plant.checkpoint(copy, own.rank);
        if (plant.request) plant.request(own.request, own.rank);
        if (plant.mesh) plant.mesh(mesh);
        own.model = load(copy.directory(), std::move(mesh), setting.dtype);
        run(own);
        own.world->barrier();
      },
      kPatience);
}

/// Generates with `fault`, which may be null, before `observer`, so that the observer sees what the fault
/// did.
model::pipeline::Video generate(const Rank& rank, model::Probe* fault, model::Probe& observer) {
  std::vector<model::Probe*> probes = {&observer};
  if (fault != nullptr) probes.insert(probes.begin(), fault);
  locate::ProbeChain chain(probes);
  return rank.model->generate(rank.request, chain);
}

}  // namespace

PlantedRun run_planted(const Setting& setting, const Plant& plant, const Materials& materials,
                       const model::pipeline::GivenInputs& given) {
  PlantedRun result;
  const auto ranks = static_cast<std::size_t>(model::parallel::parse_layout(setting.layout).world_size());
  result.ranks.resize(ranks);
  if (!given.steps.empty()) result.locked.resize(ranks);
  try {
    run_ranks(setting, plant, materials, [&](Rank& rank) {
      locate::RecordingProbe recording;
      const model::pipeline::Video video = generate(rank, rank.fault.get(), recording);
      result.ranks[static_cast<std::size_t>(rank.rank)] = recording.recording();
      if (rank.rank == 0) result.frames = video.frames;
      if (given.steps.empty()) return;
      rank.request.given = given;
      const std::unique_ptr<model::Probe> fault = plant.probe ? plant.probe(rank.rank) : nullptr;
      locate::LockedProbe locked;
      generate(rank, fault.get(), locked);
      result.locked[static_cast<std::size_t>(rank.rank)] = locked.results();
    });
  } catch (const std::exception& error) {
    result.error = error.what();
  }
  return result;
}

namespace {

RankRecord measure_once(const Rank& rank, model::Probe* fault) {
  rank.world->barrier();
  if (rank.rank == 0) model::kernels::reset_peak_memory();
  rank.world->barrier();
  measure::TimingProbe timing;
  measure::MemoryProbe memory([] { return model::kernels::memory_statistics().live; });
  locate::ProbeChain measuring({&timing, &memory});
  generate(rank, fault, measuring);
  RankRecord record;
  record.busy = timing.busy();
  record.live_tensor_bytes = memory.live();
  record.peak_tensor_bytes = model::kernels::memory_statistics().peak;
  return record;
}

}  // namespace

std::vector<MeasuredPair> measure_in_turns(const Setting& setting, const Plant& plant, int pairs,
                                           const Materials& materials) {
  const auto ranks = static_cast<std::size_t>(model::parallel::parse_layout(setting.layout).world_size());
  std::vector<MeasuredPair> result(static_cast<std::size_t>(pairs),
                                   {std::vector<RankRecord>(ranks), std::vector<RankRecord>(ranks)});
  run_ranks(setting, {}, materials, [&](Rank& rank) {
    const auto own = static_cast<std::size_t>(rank.rank);
    measure_once(rank, nullptr);  // the first one meets pages and caches that are cold
    for (std::size_t pair = 0; pair < result.size(); ++pair) {
      for (const bool is_faulty : {pair % 2 == 0, pair % 2 != 0}) {
        const std::unique_ptr<model::Probe> fault = is_faulty ? plant.probe(rank.rank) : nullptr;
        (is_faulty ? result[pair].faulty : result[pair].sound)[own] = measure_once(rank, fault.get());
      }
    }
  });
  return result;
}

namespace {

model::pipeline::Video generate_alone(const Setting& setting, const std::string& dtype,
                                      const model::pipeline::GivenInputs& given, model::Probe& probe,
                                      const Materials& materials) {
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  Request request = request_of(setting, materials);
  request.given = given;
  return load(materials.checkpoint(setting.task), model::parallel::single_mesh(), dtype)
      ->generate(request, probe);
}

/// The inputs without the latents of steps.
model::pipeline::GivenInputs noise_of(model::pipeline::GivenInputs given) {
  given.steps.clear();
  return given;
}

double relative_l2(const at::Tensor& candidate, const at::Tensor& reference) {
  return ((candidate - reference).norm() / reference.norm()).item<double>();
}

}  // namespace

std::optional<LockedReference> run_locked_reference(const Setting& setting, const Materials& materials) {
  if (!judge::is_judged_locked(case_of(setting, materials), bound_of(setting, materials)))
    return std::nullopt;
  const auto locked = [&](const std::string& dtype, const model::pipeline::GivenInputs& given) {
    locate::LockedProbe probe;
    generate_alone(setting, dtype, given, probe, materials);
    return judge::LockedRun{probe.results()};
  };
  const model::pipeline::Video video =
      generate_alone(setting, setting.dtype, {}, model::no_probe(), materials);
  LockedReference reference;
  const at::ScalarType dtype = scenario::scalar_type_of(setting.dtype);
  reference.given = {.noise = video.noise, .steps = video.step_latents, .timestep_dtype = dtype};
  reference.own = locked(setting.dtype, reference.given);
  reference.exact = locked("float32", reference.given);
  const model::pipeline::Video twin =
      generate_alone(setting, "float32", noise_of(reference.given), model::no_probe(), materials);
  reference.twin_relative_l2 = relative_l2(twin.frames, video.frames);
  return reference;
}

SoundReference run_reference(const Setting& setting, const std::vector<locate::Recording>& ranks,
                             std::optional<LockedReference> locked, const Materials& materials) {
  locate::ReferenceProbe probe(locate::regions_of(ranks));
  const model::pipeline::Video video = generate_alone(setting, setting.dtype, {}, probe, materials);
  if (!locked) return {probe.reference(), video.frames, bound_of(setting, materials), std::nullopt};
  locate::ReferenceProbe twin(locate::regions_of(ranks));
  generate_alone(setting, "float32", noise_of(locked->given), twin, materials);
  return {probe.reference(), video.frames, worker::unit_roundoff_of(case_of(setting, materials)),
          std::move(locked), twin.reference()};
}

reports::records::LockedRecord locked_record(const judge::LockedRun& run, const LockedReference& reference) {
  reports::records::LockedRecord record = judge::compare_locked(&reference.exact, reference.own, run);
  record.twin_relative_l2 = reference.twin_relative_l2;
  return record;
}

}  // namespace isoframe::harness::selftest
