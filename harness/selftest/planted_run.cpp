#include "harness/selftest/planted_run.h"

#include <chrono>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include "harness/store/json_file.h"
#include "model/checkpoint/checkpoint.h"
#include "model/parallel/in_process.h"
#include "model/parallel/numerics.h"
#include "model/synthetic/presets.h"
#include "model/synthetic/synthetic.h"
#include "reports/heat_map.h"

namespace isoframe::harness::selftest {

namespace fs = std::filesystem;
using model::parallel::Mesh;
using model::pipeline::Request;

namespace {

/// Two latent frames of 5 x 7 in six tiles of four shapes, both branches, two steps: the least in which every
/// fault of the catalogue has a place.
Request request_of(const Setting& setting, const Materials& materials) {
  Request request;
  if (setting.task == "i2v") request.image = materials.image();
  request.prompt = "A lighthouse, and a sign that says \"KEEP LEFT\"";
  request.negative_prompt = "blurred";
  request.height = 80;
  request.width = 112;
  request.frames = 5;
  request.steps = 2;
  request.seed = 42;
  request.tiling = {.enabled = true, .tile_size = 64, .overlap = 0.25};
  return request;
}

model::pipeline::Video generate(const fs::path& directory, Mesh mesh, const Request& request,
                                model::Probe& probe) {
  const model::checkpoint::Checkpoint checkpoint(directory);
  return model::pipeline::load_pipeline(checkpoint, std::move(mesh), std::nullopt)->generate(request, probe);
}

double tolerance_of(const model::parallel::Layout& layout, const Request& request,
                    const fs::path& directory) {
  const model::pipeline::Limits limits =
      model::pipeline::read_limits(model::checkpoint::Checkpoint(directory));
  return model::parallel::relative_l2_bound(
      {.layout = layout},
      {.steps = request.steps,
       .blocks = limits.blocks,
       .terms = std::max(limits.mlp_width, model::pipeline::video_tokens(request, limits)),
       .guidance_scale = limits.guidance_scale});
}

}  // namespace

fs::path Materials::checkpoint(const std::string& task) const {
  const fs::path directory = folder_ / task;
  if (fs::exists(directory)) return directory;
  const auto kind =
      task == "i2v" ? model::pipeline::Task::kImageToVideo : model::pipeline::Task::kTextToVideo;
  model::synthetic::initialize_checkpoint(model::synthetic::preset("tiny", kind), "tiny", 0, directory);
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
  store::write_text(file, reports::jpeg(rgb.data(), kHeight, kWidth, kWidth, /*quality=*/90));
  return file;
}

PlantedRun run_planted(const Setting& setting, const Plant& plant, const Materials& materials) {
  const fs::path checkpoint = materials.checkpoint(setting.task);
  const model::parallel::Layout layout = model::parallel::parse_layout(setting.layout);
  PlantedRun run;
  run.ranks.resize(static_cast<std::size_t>(layout.world_size()));
  try {
    model::parallel::run_in_threads(
        layout.world_size(),
        [&](model::parallel::Rendezvous& rendezvous) {
          Mesh mesh = model::parallel::make_mesh(layout, rendezvous);
          const int rank = mesh.rank;
          const std::shared_ptr<model::parallel::Group> world = mesh.world;
          CheckpointCopy copy(checkpoint, materials.scratch() / fmt::format("rank-{}", rank));
          Request request = request_of(setting, materials);
          if (plant.checkpoint) plant.checkpoint(copy, rank);
          if (plant.request) plant.request(request, rank);
          if (plant.mesh) plant.mesh(mesh);

          const std::unique_ptr<model::Probe> fault = plant.probe ? plant.probe(rank) : nullptr;
          locate::RecordingProbe recording;
          std::vector<model::Probe*> probes = {&recording};
          if (fault) probes.insert(probes.begin(), fault.get());
          locate::ProbeChain chain(probes);
          const model::pipeline::Video video = generate(copy.directory(), std::move(mesh), request, chain);
          run.ranks[static_cast<std::size_t>(rank)] = recording.trace();
          if (rank == 0) run.frames = video.frames;
          world->barrier();
        },
        std::chrono::seconds(20));
  } catch (const std::exception& error) {
    run.error = error.what();
  }
  return run;
}

SoundReference run_reference(const Setting& setting, const std::vector<locate::Trace>& ranks,
                             const Materials& materials) {
  const fs::path checkpoint = materials.checkpoint(setting.task);
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  const Request request = request_of(setting, materials);
  locate::ReferenceProbe probe(locate::regions_of(ranks));
  const model::pipeline::Video video = generate(checkpoint, model::parallel::single_mesh(), request, probe);
  return {probe.reference(), video.frames,
          tolerance_of(model::parallel::parse_layout(setting.layout), request, checkpoint)};
}

}  // namespace isoframe::harness::selftest
