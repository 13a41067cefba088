#include "harness/run/trace.h"

#include <string>
#include <system_error>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json_file.h"
#include "base/temporary_folder.h"
#include "harness/compare/trace_likeness.h"
#include "harness/measure/environment.h"
#include "harness/request/request.h"
#include "harness/run/engines.h"
#include "harness/run/lone_round.h"
#include "harness/run/origins.h"
#include "harness/run/preflight.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/dtype.h"
#include "harness/worker/numerics.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/safetensors.h"
#include "model/pipeline/limits.h"
#include "model/sampling/flow_match_euler.h"
#include "model/vae/config.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using worker::Observation;

namespace {

/// Leaves the noise with which isoframe's own ranks would begin, in `folder`.
fs::path leave_noise(const scenario::Case& spec, const fs::path& folder) {
  const model::vae::VaeConfig vae =
      model::vae::VaeConfig::from(model::checkpoint::Checkpoint(spec.checkpoint, spec.variant).config("vae"));
  const at::Tensor noise = model::sampling::initial_latents(
      spec.seed,
      {1, vae.latent_channels, (spec.frames - 1) / vae.temporal_compression_ratio + 1,
       *spec.height / vae.spatial_compression_ratio, *spec.width / vae.spatial_compression_ratio},
      scenario::scalar_type_of(spec.dtype));
  const fs::path file = fs::absolute(folder) / "latents.safetensors";
  model::checkpoint::write_safetensors(file, {{"noise", noise.to(at::kFloat)}});
  return file;
}

records::TraceRecord record_of(scenario::Case& spec, Engines& engines) {
  const model::pipeline::Limits limits =
      model::pipeline::read_limits(model::checkpoint::Checkpoint(spec.checkpoint, spec.variant));
  // Another trace may name the value that this one leaves to the checkpoint.
  spec.guidance_scale = spec.guidance_scale.value_or(limits.guidance_scale);
  const model::pipeline::Request request = request::request_of(spec);
  records::TraceRecord record;
  if (scenario::is_foreign(spec)) {
    const engine::Hello& hello = engines.of(spec);
    record.engine = {.name = hello.engine, .version = hello.version};
    record.facts = engine_facts(spec, hello);
  } else {
    record.engine = {.name = locate::kOwnEngine, .version = measure::version()};
  }
  record.spec = scenario::to_json(spec);
  record.ranks = spec.layout.world_size();
  record.numerics = worker::numerics_of(spec, request, limits);
  record.reordered_l2 = worker::reordered_l2_of(spec, request, limits);
  record.origin = Origins(engines).of(spec);
  record.origin->environment.threads_per_rank = spec.threads_per_rank;
  record.origin->environment.device = spec.device;
  return record;
}

/// Layout of the trace whose parts are to be followed; throws InputError where this case cannot follow them.
std::string layout_to_follow(const fs::path& like, const records::TraceRecord& record, const fs::path& out) {
  const records::TraceRecord other = locate::read_trace(like).record;
  std::error_code unknown;
  if (fs::equivalent(like, out, unknown))
    throw InputError(fmt::format("--out {} would replace the trace that --like names", out.string()));
  if (record.ranks != 1)
    throw InputError("--like records one rank in the parts of others; leave out --layout");
  if (!other.parts_of.empty())
    throw InputError(
        fmt::format("--like {}: it was recorded in the parts of {} itself; name the trace of that",
                    like.string(), other.parts_of));
  const auto differing =
      compare::differing_requests(compare::described(other), compare::described(record), false);
  if (!differing.empty())
    throw InputError(fmt::format("--like {} (A) is of another video than this one (B): {}", like.string(),
                                 fmt::join(differing, "; ")));
  return model::parallel::to_string(compare::described(other).spec.layout);
}

/// Takes a trace's files from one folder to another; what was there goes first, its description before all.
void keep_trace(const fs::path& from, const fs::path& to, const records::TraceRecord& record) {
  fs::remove(to / locate::kDescriptionFile);
  std::vector<fs::path> earlier;
  for (const fs::directory_entry& entry : fs::directory_iterator(to))
    if (locate::is_trace_file(entry.path())) earlier.push_back(entry.path());
  for (const fs::path& file : earlier) fs::remove(file);
  const auto keep = [&](const fs::path& file) { fs::rename(file, to / file.filename()); };
  if (record.parts_of.empty()) {
    for (int rank = 0; rank < record.ranks; ++rank) keep(locate::recording_file(from, rank));
  } else {
    keep(locate::reference_file(from));
  }
  base::sync_folder(to);
  base::write_json(to / locate::kDescriptionFile, records::to_json(record));
}

}  // namespace

locate::Trace trace(scenario::Case spec, const fs::path& out, const fs::path& like,
                    const std::atomic<bool>* interrupted) {
  settle_case(spec);
  Engines engines(interrupted);
  if (scenario::is_foreign(spec))
    if (const std::string reason = engines.reason_to_skip(spec); !reason.empty()) throw InputError(reason);
  records::TraceRecord record = record_of(spec, engines);
  Observation observation{.kind = Observation::Kind::kRecord};
  if (!like.empty()) {
    record.parts_of = layout_to_follow(like, record, out);
    observation = {.kind = Observation::Kind::kFollow, .recordings = fs::absolute(like)};
  }
  const base::TemporaryFolder temporary;
  const fs::path noise =
      scenario::is_foreign(spec) && spec.noise == "shared" ? leave_noise(spec, temporary.path()) : fs::path();
  const fs::path work = lone_round(spec, out, interrupted, observation, noise);
  keep_trace(work, out, record);
  fs::remove_all(work);
  return locate::read_trace(out);
}

}  // namespace isoframe::harness::run
