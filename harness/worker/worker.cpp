#include "harness/worker/worker.h"

#include <chrono>
#include <csignal>
#include <iostream>
#include <malloc.h>
#include <memory>
#include <optional>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>

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
#include "harness/engine/channel.h"
#include "harness/engine/protocol.h"
#include "harness/locate/recording_probe.h"
#include "harness/measure/environment.h"
#include "harness/measure/timing_probe.h"
#include "harness/request/request.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/case_keys.h"
#include "harness/scenario/dtype.h"
#include "harness/worker/job.h"
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

/// Meets all ranks of the case and makes sure that they were given the same, before anything is loaded.
std::unique_ptr<model::parallel::Rendezvous> meet(const Job& job, const model::parallel::RankOfWorld& self,
                                                  const c10::Device& device) {
  model::parallel::check_world_size(job.spec.layout, self.world_size);
  auto rendezvous =
      model::parallel::rendezvous_from_environment({.store = job.store,
                                                    .folder = job.directory,
                                                    .launch = job.launch,
                                                    .patience = milliseconds(job.spec.meeting_seconds),
                                                    .timeout = milliseconds(job.spec.timeout_seconds),
                                                    .device = device});
  // Ranks that the harness has started itself are one program, and were given one case.
  rendezvous->agree(job.is_launched() ? launch_facts(job.spec) : model::parallel::Facts());
  return rendezvous;
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

/// What a rank holds once it has loaded.
struct Loaded {
  std::unique_ptr<model::parallel::Rendezvous> rendezvous;
  std::unique_ptr<model::checkpoint::Checkpoint> checkpoint;
  std::unique_ptr<model::pipeline::Pipeline> model;
  nlohmann::json settings;  ///< of the case that it was loaded for, those that it depends on
  double seconds = 0.0;
};

model::pipeline::Request request_of(const Job& job) {
  model::pipeline::Request request = request::request_of(job.spec);
  if (!job.noise.empty()) request.given.noise = read_trajectory(job.noise, /*steps=*/0).noise;
  return request;
}

/// Measures one generation after the warm-up, into the record of this rank and the frames of rank 0.
void measure_case(const Job& job, const Loaded& loaded, const launch::ProgressWriter& progress,
                  const c10::Device& device) {
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
  if (mesh.rank == 0) record.warnings = warnings_of(model, request);
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

void leave_rates(const Job& job, const model::parallel::Mesh& mesh, const c10::Device& device) {
  base::write_json(record_file(job.directory, mesh.rank), records::to_json(rates_of(*mesh.world, device)));
  mesh.world->barrier();
}

/// A rank: what it has loaded, and what it does with it.
class Rank {
 public:
  explicit Rank(const model::parallel::RankOfWorld& self) : self_(self) {
    at::set_num_interop_threads(1);
    kernels::install_caching_allocator();
  }

  /// Meets the others, and loads the model that the job's case needs in place of the one before.
  void load(const Job& job, const launch::ProgressWriter& progress) {
    loaded_ = {};
    give_memory_back();
    const scenario::Case& spec = job.spec;
    at::set_num_threads(spec.threads_per_rank);
    device_ = model::device::take(spec.device, self_.local_rank);
    model::device::compute_reproducibly(device_, spec.tf32);
    progress.write("meet");
    loaded_.rendezvous = meet(job, self_, device_);
    model::parallel::Mesh mesh = model::parallel::make_mesh(spec.layout, *loaded_.rendezvous);
    mesh.reduction = spec.reduction;
    mesh.reduction_parts = spec.reduction_parts;
    progress.write("load");
    const auto start = std::chrono::steady_clock::now();
    loaded_.checkpoint = std::make_unique<model::checkpoint::Checkpoint>(spec.checkpoint, spec.variant);
    loaded_.model = model::pipeline::load_pipeline(
        *loaded_.checkpoint, std::move(mesh), spec.guidance_scale,
        at::TensorOptions(device_).dtype(scenario::scalar_type_of(spec.dtype)));
    loaded_.settings = scenario::held_json(spec, scenario::Holds::kLoaded);
    loaded_.seconds = base::seconds_since(start);
  }
  double load_seconds() const { return loaded_.seconds; }

  /// Does what the job asks for with what is loaded.
  void run(const Job& job, const launch::ProgressWriter& progress) {
    if (loaded_.model == nullptr) throw InputError("nothing is loaded");
    if (scenario::held_json(job.spec, scenario::Holds::kLoaded) != loaded_.settings)
      throw InputError("the case needs another load than the last one");
    give_memory_back();
    const model::pipeline::Pipeline& model = *loaded_.model;
    const model::parallel::Mesh& mesh = model.mesh();
    const model::pipeline::Request request = request_of(job);
    if (mesh.rank == 0)
      for (const records::Warning& warning : warnings_of(model, request))
        std::cerr << "warning: " << warning.message << '\n';
    if (job.directory.empty()) {
      model.generate(request, model::no_probe());
      return;
    }
    switch (job.observation.kind) {
      case Observation::Kind::kNone:
      case Observation::Kind::kBeside:
        return measure_case(job, loaded_, progress, device_);
      case Observation::Kind::kRates:
        progress.write("rates");
        return leave_rates(job, mesh, device_);
      default:
        observe(model, request, job.observation, job.directory);
        base::write_json(record_file(job.directory, mesh.rank), {{"rank", mesh.rank}});
        mesh.world->barrier();
    }
  }

 private:
  /// Leaves no memory of what was done before to what is measured next.
  static void give_memory_back() {
    kernels::release_cached_memory();
    ::malloc_trim(0);
  }

  model::parallel::RankOfWorld self_;
  const c10::InferenceMode inference_;
  c10::Device device_ = c10::Device(c10::kCPU);
  Loaded loaded_;
};

/// Keeps why a rank failed where the harness finds it on whatever machine it is.  Returns "rank 1: ...".
std::string leave_failure(const Job& job, int rank, int exit_code, const std::string& what) {
  const bool names_rank = rank == kUnknownRank || what.starts_with("rank");
  const std::string message = names_rank ? what : fmt::format("rank {}: {}", rank, what);
  const double time =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  base::write_json(failure_file(job.directory, rank),
                   records::to_json(records::RankFailure{
                       .rank = rank, .exit_code = exit_code, .message = message, .time = time}));
  return message;
}

void run_launched_rank(const Job& job) {
  constexpr int kInputErrorCode = 2, kRunErrorCode = 3;
  // A launcher that dies without a word must not leave its ranks behind.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int rank = kUnknownRank;
  // Launchers on other machines may start ranks in the home folder.  Where the working directory is missing
  // there, absolute paths work all the same.
  std::error_code ignored;
  std::filesystem::current_path(job.working_directory, ignored);
  try {
    const model::parallel::RankOfWorld self = model::parallel::rank_from_environment();
    // Another process's failure must not replace that of the rank itself.
    claim_rank(job, self.rank);
    rank = self.rank;
    const auto progress = launch::ProgressWriter::to_file(progress_file(job.directory, rank));
    Rank worker(self);
    worker.load(job, progress);
    worker.run(job, progress);
  } catch (const InputError& error) {
    throw InputError(leave_failure(job, rank, kInputErrorCode, error.what()));
  } catch (const std::exception& error) {
    throw RunError(leave_failure(job, rank, kRunErrorCode, error.what()));
  }
}

}  // namespace

namespace {

/// The job that a request describes.
Job job_of(const engine::Request& request) {
  Job job;
  job.spec = scenario::case_from_json(request.spec);
  job.directory = request.directory;
  job.store = request.store;
  job.noise = request.noise;
  if (!request.observation.is_null()) job.observation = Observation::from_json(request.observation);
  return job;
}

/// Does what a request asks for, and returns the answer that ends it.
engine::Answer answer_of(const engine::Request& request, Rank& rank, const launch::ProgressWriter& progress) {
  const Job job = job_of(request);
  if (request.ask == engine::Ask::kLoad) {
    rank.load(job, progress);
    return {request.id, engine::Loaded{rank.load_seconds()}};
  }
  rank.run(job, progress);
  return {request.id, engine::Done{}};
}

bool is_available(const std::string& device) {
  try {
    model::device::check_available(device);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

engine::Hello hello_of(const model::parallel::RankOfWorld& self) {
  std::vector<std::string> devices = scenario::words_of("device");
  std::erase_if(devices, [](const std::string& device) { return !is_available(device); });
  return {.engine = "isoframe",
          .version = measure::environment().isoframe.version,
          .rank = self.rank,
          .pid = ::getpid(),
          .capabilities = {{"tasks", scenario::words_of("task")},
                           {"dtypes", scenario::words_of("dtype")},
                           {"devices", devices},
                           {"layouts", model::parallel::dimension_names()},
                           {"takes_noise", true},
                           {"observations", Observation::kinds()},
                           {"fingerprint", 1}}};
}

void prepare_process() {
  // Started from the running image of the harness, a rank would be listed as "exe".
  ::prctl(PR_SET_NAME, "isoframe");
  // isoframe's own line says what went wrong; c10d's warnings before it would only name sockets.
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
}

}  // namespace

void run_worker(const std::filesystem::path& job_file) {
  prepare_process();
  run_launched_rank(Job::from_json(base::read_json(job_file)));
}

void serve() {
  using launch::RankError;
  prepare_process();
  engine::Channel channel = engine::Channel::from_environment();
  const model::parallel::RankOfWorld self = model::parallel::rank_from_environment();
  channel.send(to_line(engine::Answer{.id = {}, .what = hello_of(self)}));
  Rank rank(self);
  while (const std::optional<std::string> line = channel.receive()) {
    std::optional<std::int64_t> id;
    const auto fail = [&](RankError::Kind kind, const std::exception& error) {
      channel.send(to_line(engine::Answer{id, RankError{kind, error.what()}}));
    };
    engine::Request request;
    try {
      request = engine::request_from_line(*line);
    } catch (const InputError& error) {
      fail(RankError::Kind::kInput, error);
      continue;
    }
    if (request.ask == engine::Ask::kExit) return;
    id = request.id;
    const launch::ProgressWriter progress([&](const launch::Progress& report) {
      channel.send_if_ready(to_line(engine::Answer{id, report}));
    });
    try {
      channel.send(to_line(answer_of(request, rank, progress)));
    } catch (const InputError& error) {
      fail(RankError::Kind::kInput, error);
      throw;
    } catch (const std::exception& error) {
      fail(RankError::Kind::kEngine, error);
      throw;
    }
  }
}

}  // namespace isoframe::harness::worker
