#include "harness/worker/rank.h"

#include <chrono>
#include <iostream>
#include <malloc.h>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Flags.h>
#include <c10/util/Logging.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/json_file.h"
#include "base/time.h"
#include "harness/locate/recording_probe.h"
#include "harness/measure/timing_probe.h"
#include "harness/request/request.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/dtype.h"
#include "harness/worker/launch_facts.h"
#include "harness/worker/measured.h"
#include "harness/worker/numerics.h"
#include "harness/worker/rates.h"
#include "harness/worker/tiles.h"
#include "harness/worker/yardstick.h"
#include "model/checkpoint/safetensors.h"
#include "model/device/device.h"
#include "model/kernels/caching_allocator.h"
#include "model/parallel/gloo_rendezvous.h"
#include "model/parallel/network.h"
#include "model/pipeline/limits.h"
#include "model/pipeline/pipeline.h"
#include "reports/records/rank.h"

C10_DECLARE_int(caffe2_log_level);

namespace isoframe::harness::worker {

namespace kernels = model::kernels;
namespace records = reports::records;

namespace {

records::Warning warning_of_unused(const std::vector<std::string>& names) {
  const bool is_one = names.size() == 1;
  return {
      .kind = records::WarningKind::kUnusedTensors,
      .message = fmt::format(
          "{} tensor{} of the checkpoint {} not used, {}'{}'; it may be meant for another model",
          names.size(), is_one ? "" : "s", is_one ? "is" : "are", is_one ? "" : "among them ", names.front()),
      .tensors = std::ssize(names),
      .first_tensor = names.front(),
      .tokens = {},
      .kept_tokens = {}};
}

records::Warning warning_of_cut(const model::text::CutText& text) {
  return {.kind = records::WarningKind::kCutText,
          .message = fmt::format("the {} has {} tokens, of which the encoder takes the first {}", text.called,
                                 text.given, text.kept),
          .tensors = {},
          .first_tensor = {},
          .tokens = text.given,
          .kept_tokens = text.kept};
}

std::vector<records::Warning> warnings_of(const model::pipeline::Pipeline& model,
                                          const model::pipeline::Request& request) {
  std::vector<records::Warning> warnings;
  const std::vector<std::string> unused = model.unused();
  if (!unused.empty()) warnings.push_back(warning_of_unused(unused));
  for (const model::text::CutText& text : model.cut_texts(request)) warnings.push_back(warning_of_cut(text));
  return warnings;
}

/// Writes both files in float32 whatever was computed in: that loses nothing and every reader knows it.
void write_outputs(const model::pipeline::Video& video, const std::filesystem::path& directory) {
  std::vector<std::pair<std::string, at::Tensor>> latents = {
      {"noise", video.noise.to(at::kCPU, at::kFloat)}, {"latents", video.latents.to(at::kCPU, at::kFloat)}};
  for (std::size_t step = 0; step < video.step_latents.size(); ++step)
    latents.emplace_back(fmt::format("step_{}", step), video.step_latents[step].to(at::kCPU, at::kFloat));
  model::checkpoint::write_safetensors(directory / "latents.safetensors", latents);
  model::checkpoint::write_safetensors(directory / "frames.safetensors", {{"frames", video.frames}});
}

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000.0));
}

/// Seconds that ranks on GPUs wait for each other at the least: loading CUDA's libraries and connecting
/// communicators takes that long on a cold machine.
constexpr double kFirstMeetingOfDevices = 60.0;

model::parallel::Meeting meeting_of(const Job& job, const c10::Device& device) {
  return {
      .store = job.store,
      .folder = job.directory,
      .launch = job.launch,
      .patience = milliseconds(device.is_cpu() ? job.spec.meeting_seconds
                                               : std::max(job.spec.meeting_seconds, kFirstMeetingOfDevices)),
      .timeout = milliseconds(job.spec.timeout_seconds),
      .device = device};
}

Tiles decode_tiles(const model::pipeline::Pipeline& model, const model::pipeline::Request& request) {
  const auto& vae = model.vae().config();
  return model.vae().decode_plan((request.frames - 1) / vae.temporal_compression_ratio + 1,
                                 request.height / vae.spatial_compression_ratio,
                                 request.width / vae.spatial_compression_ratio, request.tiling,
                                 model.mesh().layout.vae_patch);
}

Tiles encode_tiles(const model::pipeline::Pipeline& model, const model::pipeline::Request& request) {
  if (request.image.empty()) return {};
  return model.vae().encode_plan(/*frames=*/1, request.height, request.width, request.tiling,
                                 model.mesh().layout.vae_patch);
}

/// The tiling of the request, with the costs that the warm-up showed.
model::vae::TilingOptions balanced(const model::pipeline::Pipeline& model,
                                   const model::pipeline::Request& request, const measure::TimingProbe& probe,
                                   const c10::Device& device) {
  model::vae::TilingOptions tiling = request.tiling;
  if (model.mesh().layout.vae_patch == 1) return tiling;
  model::parallel::Group* group = model.mesh().vae_patch.get();
  tiling.decode_costs = measured_costs(decode_tiles(model, request), "decode.tile", probe, group, device);
  tiling.encode_costs = measured_costs(encode_tiles(model, request), "encode.tile", probe, group, device);
  return tiling;
}

/// Adds the tiles of both directions: those that this rank ran, and on rank 0 how they were shared out.
void add_tiles(records::RankRecord& record, const scenario::Case& spec,
               const model::pipeline::Pipeline& model, const model::pipeline::Request& request,
               const measure::TimingProbe& probe) {
  const int rank = model.mesh().rank;
  const int sharing = spec.layout.vae_patch;
  const model::vae::TilingOptions& tiling = request.tiling;
  const Tiles plan = decode_tiles(model, request);
  record.tiles = tile_times(plan, rank, "decode.tile", probe);
  if (rank == 0) {
    record.plan = planned_tiles(plan);
    if (!plan.empty()) record.decode_balance = balance_of(plan, sharing, tiling.decode_costs);
    record.tile_costs = {.decode = tile_costs(tiling.decode_costs),
                         .encode = tile_costs(tiling.encode_costs)};
  }
  if (spec.image.empty()) return;
  const Tiles encode_plan = encode_tiles(model, request);
  record.encode_tiles = tile_times(encode_plan, rank, "encode.tile", probe);
  if (rank == 0) {
    record.encode_plan = planned_tiles(encode_plan);
    if (!encode_plan.empty()) record.encode_balance = balance_of(encode_plan, sharing, tiling.encode_costs);
  }
}

model::pipeline::Request request_of(const Job& job) {
  model::pipeline::Request request = request::request_of(job.spec);
  if (!job.noise.empty()) request.given.noise = read_trajectory(job.noise, /*steps=*/0).noise;
  return request;
}

/// Measures one generation after the warm-up, into the record of this rank and the frames of rank 0.
void measure_case(const Job& job, const Loaded& loaded, const std::vector<records::Warning>& warnings,
                  const launch::ProgressWriter& progress, const c10::Device& device) {
  const scenario::Case& spec = job.spec;
  const model::pipeline::Pipeline& model = *loaded.model;
  const model::parallel::Mesh& mesh = model.mesh();
  model::pipeline::Request request = request_of(job);
  measure::TimingProbe probe(
      progress, [&mesh] { return moved_by(mesh); }, model::device::clock_of(device));
  const CollectiveRecorder collectives(mesh, probe);
  model::pipeline::Request warmup = request;
  warmup.steps = 1;
  for (int k = 0; k < spec.warmup; ++k) model.generate(warmup, probe);
  if (spec.warmup > 0) request.tiling = balanced(model, request, probe, device);
  const bool leaves_recording = job.observation.kind == Observation::Kind::kBeside;
  locate::RecordingProbe recording;
  Measured measured =
      measure_one(model, request, probe, device, leaves_recording ? recording : model::no_probe());
  if (leaves_recording) write_recording(recording.recording(), job.directory, mesh.rank);
  records::RankRecord& record = measured.record;
  record.rank = mesh.rank;
  record.pid = getpid();
  record.device = device_of(device);
  record.load_seconds = loaded.seconds;
  record.warnings = warnings;
  if (spec.baseline.empty()) {
    progress.write("yardstick");
    record.yardstick = time_yardstick(device);
  }
  add_tiles(record, spec, model, request, probe);
  if (mesh.rank == 0) {
    record.numerics = numerics_of(spec, request, model::pipeline::read_limits(*loaded.checkpoint));
    // Weights are searched for NaN only now: doing so while loading would read them all twice.
    if (!at::isfinite(measured.video.frames).all().item<bool>()) model.require_finite_weights();
    progress.write("write");
    write_outputs(measured.video, job.directory);
  }
  base::write_text(job.directory / fmt::format("events-{}.json", mesh.rank),
                   records::to_json(probe.events()).dump());
  base::write_json(record_file(job.directory, mesh.rank), records::to_json(record));
}

/// `links` are those between all ranks' devices.
void leave_rates(const Job& job, model::parallel::Group& links, const c10::Device& device) {
  base::write_json(record_file(job.directory, links.rank()), records::to_json(rates_of(links, device)));
  links.barrier();
}

/// Leaves no memory of what was done before to what is measured next.
void give_memory_back() {
  kernels::release_cached_memory();
  ::malloc_trim(0);
}

bool needs_model(const Job& job) { return job.observation.kind != Observation::Kind::kRates; }

}  // namespace

Rank::Rank(const model::parallel::RankOfWorld& self) : self_(self) {
  // Started from the running image of the harness, a rank would be listed as "exe".
  ::prctl(PR_SET_NAME, "isoframe");
  // isoframe's own line says what went wrong; c10d's warnings before it would only name sockets.
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
  at::set_num_interop_threads(1);
  kernels::install_caching_allocator();
}

Rank::~Rank() = default;

void Rank::load(const Job& job, const launch::ProgressWriter& progress) {
  loaded_ = {};
  give_memory_back();
  const scenario::Case& spec = job.spec;
  at::set_num_threads(spec.threads_per_rank);
  device_ = model::device::take(spec.device, self_.local_rank);
  model::device::compute_reproducibly(device_, spec.tf32);
  progress.write("meet");
  meet(job);
  loaded_.mesh = model::parallel::make_mesh(spec.layout, *rendezvous_);
  loaded_.mesh.reduction = spec.reduction;
  loaded_.mesh.reduction_parts = spec.reduction_parts;
  loaded_.settings = scenario::held_json(spec, scenario::Holds::kLoaded);
  if (!needs_model(job)) return;
  progress.write("load");
  const auto start = std::chrono::steady_clock::now();
  loaded_.checkpoint = std::make_unique<model::checkpoint::Checkpoint>(spec.checkpoint, spec.variant);
  loaded_.model =
      model::pipeline::load_pipeline(*loaded_.checkpoint, loaded_.mesh, spec.guidance_scale,
                                     at::TensorOptions(device_).dtype(scenario::scalar_type_of(spec.dtype)));
  loaded_.seconds = base::seconds_since(start);
}

void Rank::meet(const Job& job) {
  model::parallel::check_world_size(job.spec.layout, self_.world_size);
  const nlohmann::json settings = {job.spec.device, job.spec.meeting_seconds, job.spec.timeout_seconds};
  // A GPU's communicators would hold its memory while another layout is measured.
  const bool has_met = rendezvous_ != nullptr && device_.is_cpu() && met_for_ == settings;
  if (!has_met) {
    const model::parallel::Meeting meeting = meeting_of(job, device_);
    if (job.is_launched() && rendezvous_ != nullptr) {
      rendezvous_ = rendezvous_->again(std::to_string(talks_++), meeting);
    } else {
      rendezvous_.reset();
      rendezvous_ = model::parallel::rendezvous_from_environment(meeting);
    }
    met_for_ = settings;
  }
  if (!has_met || job.is_launched()) agree(job);
}

void Rank::agree(const Job& job) {
  // Ranks that the harness has started itself are one program, and were given one case.
  rendezvous_->agree(
      std::to_string(talks_++), job.is_launched() ? launch_facts(job.spec) : model::parallel::Facts(),
      device_.is_cpu()
          ? ""
          : fmt::format("{} of {}", model::device::name_of(device_), model::parallel::host_name()));
}

std::string Rank::hand_on(const std::function<std::string()>& ask) {
  return rendezvous_->hand_on(std::to_string(talks_++), ask);
}

void Rank::run(const Job& job, const launch::ProgressWriter& progress) {
  if (loaded_.settings.is_null() || (needs_model(job) && loaded_.model == nullptr))
    throw InputError("nothing is loaded");
  if (scenario::held_json(job.spec, scenario::Holds::kLoaded) != loaded_.settings)
    throw InputError("the case needs another load than the last one");
  give_memory_back();
  const int rank = loaded_.mesh.rank;
  if (!needs_model(job)) {
    progress.write("rates");
    const std::vector<int> all = model::parallel::group_ranks(job.spec.layout, "world").front();
    return leave_rates(job, *rendezvous_->group("rates", all), device_);
  }
  const model::pipeline::Pipeline& model = *loaded_.model;
  const model::pipeline::Request request = request_of(job);
  std::vector<records::Warning> warnings;
  if (rank == 0) warnings = warnings_of(model, request);
  for (const records::Warning& warning : warnings) std::cerr << "warning: " << warning.message << '\n';
  if (job.directory.empty()) {
    model.generate(request, model::no_probe());
    return;
  }
  switch (job.observation.kind) {
    case Observation::Kind::kNone:
    case Observation::Kind::kBeside:
      return measure_case(job, loaded_, warnings, progress, device_);
    default:
      observe(model, request, job.observation, job.directory);
      base::write_json(record_file(job.directory, rank), {{"rank", rank}});
      loaded_.mesh.world->barrier();
  }
}

}  // namespace isoframe::harness::worker
