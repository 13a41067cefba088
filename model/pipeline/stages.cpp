#include "model/pipeline/stages.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace isoframe::model::pipeline {

using sampling::Branch;
using transformer::Condition;

namespace {

double guidance_scale_of(const checkpoint::Checkpoint& checkpoint, std::optional<double> override_scale) {
  return override_scale ? *override_scale
                        : sampling::GuiderConfig::from(checkpoint.config("guider")).guidance_scale;
}

/// [1, 3, F, H, W] in about [-1, 1] -> [F, H, W, 3] in [0, 1].  Reference: VideoProcessor.postprocess_video.
at::Tensor to_frames(const at::Tensor& video) {
  return video.squeeze(0).permute({1, 2, 3, 0}).to(at::kFloat).div(2).add(0.5).clamp(0, 1).contiguous().cpu();
}

/// A copy of given latents that a probe may write into, as the model computes with them.
at::Tensor taken(const at::Tensor& given, at::IntArrayRef shape, const at::TensorOptions& options) {
  if (given.sizes() != shape)
    throw InputError(fmt::format("the given latents are [{}], but this video's are [{}]",
                                 fmt::join(given.sizes(), ", "), fmt::join(shape, ", ")));
  return given.to(options, /*non_blocking=*/false, /*copy=*/true);
}

/// A copy on the CPU, which is there once the device is done with what it was asked for before; on the CPU
/// the tensor itself.
at::Tensor off_device(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return tensor;
  const at::TensorOptions here = tensor.options().device(at::kCPU).pinned_memory(tensor.is_cuda());
  return at::empty(tensor.sizes(), here).copy_(tensor, /*non_blocking=*/true);
}

/// The timestep as a model of that dtype is handed it.
double rounded(double timestep, std::optional<at::ScalarType> dtype) {
  return dtype ? at::scalar_tensor(timestep, *dtype).item<double>() : timestep;
}

}  // namespace

Stages::Stages(const checkpoint::Checkpoint& checkpoint, parallel::Mesh mesh_in,
               std::optional<double> guidance_scale, const at::TensorOptions& options)
    : mesh(std::move(mesh_in)),
      prompt_encoder(checkpoint, options, mesh.tensor_parallel()),
      sequence(mesh.sequence_parallel()),
      transformer_files(checkpoint.part("transformer"), options, checkpoint.variant()),
      transformer(transformer::TransformerConfig::from(checkpoint.config("transformer")),
                  checkpoint::Parameters(transformer_files), *sequence, mesh.tensor_parallel()),
      vae_files(checkpoint.part("vae"), options, checkpoint.variant()),
      vae(vae::VaeConfig::from(checkpoint.config("vae")), checkpoint::Parameters(vae_files), mesh.vae_patch),
      scheduler(sampling::SchedulerConfig::from(checkpoint.config("scheduler"))),
      guidance(guidance_scale_of(checkpoint, guidance_scale), mesh.cfg),
      hands_on_step_end(checkpoint.task() == Task::kImageToVideo && transformer.config().use_meanflow),
      options(options) {}

Conditions Stages::encode_prompts(const Request& request, const at::Tensor& image_embeds,
                                  Probe& probe) const {
  const ProbeScope scope(probe, {"text"});
  const auto encode = [&](const std::string& prompt) -> Condition {
    text::PromptEmbeds embeds = prompt_encoder.encode(prompt, probe);
    return {embeds.text, embeds.byt5, image_embeds};
  };
  Conditions conditions;
  if (guidance.runs(Branch::kConditional)) {
    const ProbeScope branch(probe, {"text.conditional"});
    conditions.conditional = encode(request.prompt);
  }
  if (guidance.runs(Branch::kUnconditional)) {
    const ProbeScope branch(probe, {"text.unconditional"});
    conditions.unconditional = encode(request.negative_prompt);
  }
  return conditions;
}

at::Tensor Stages::initial_latents(const Request& request, Probe& probe) const {
  const vae::VaeConfig& config = vae.config();
  const std::vector<std::int64_t> shape = {
      1, config.latent_channels, (request.frames - 1) / config.temporal_compression_ratio + 1,
      request.height / config.spatial_compression_ratio, request.width / config.spatial_compression_ratio};
  const at::Tensor latents =
      request.given.noise.defined()
          ? taken(request.given.noise, shape, options)
          : sampling::initial_latents(request.seed, shape, c10::typeMetaToScalarType(options.dtype()))
                .to(options.device());
  probe.tensor({.name = "initial_latents", .axes = axes::kVideo}, latents);
  return latents;
}

Video Stages::denoise(at::Tensor latents, const at::Tensor& first_frame, const Conditions& conditions,
                      const Request& request, Probe& probe) const {
  const std::vector<at::Tensor>& given = request.given.steps;
  if (!given.empty() && given.size() != static_cast<std::size_t>(request.steps))
    throw InputError(fmt::format("latents of {} steps are given for {}", given.size(), request.steps));
  const ProbeScope scope(probe, {"denoise", request.steps});
  probe.tensor({.name = "first_frame", .axes = axes::kVideo}, first_frame);
  Video video;
  video.noise = latents;
  std::optional<kernels::Rotary> angles;
  for (const sampling::Step& step : sampling::schedule(request.steps, scheduler)) {
    const ProbeScope step_scope(probe, {"denoise.step", step.index});
    const at::Tensor sample = at::cat({latents, first_frame}, 1);
    if (!angles) angles = transformer.angles(sample);
    const std::optional<at::ScalarType> dtype = request.given.timestep_dtype;
    transformer::StepTimes times = {.timestep = rounded(step.timestep, dtype)};
    if (hands_on_step_end) times.end = rounded(step.next_timestep, dtype);
    const auto pass = [&](Branch branch) {
      const bool is_conditional = branch == Branch::kConditional;
      const ProbeScope branch_scope(
          probe, {is_conditional ? "denoise.conditional" : "denoise.unconditional", step.index});
      return transformer.forward(
          sample, times, is_conditional ? conditions.conditional : conditions.unconditional, *angles, probe);
    };
    const at::Tensor velocity = guidance.predict(pass, probe);
    latents = sampling::euler_step(latents, velocity, step);
    probe.tensor({.name = "latents", .index = step.index, .axes = axes::kVideo}, latents);
    video.step_latents.push_back(off_device(latents));
    if (!given.empty())
      latents = taken(given[static_cast<std::size_t>(step.index)], video.noise.sizes(), options);
  }
  video.latents = latents;
  return video;
}

at::Tensor Stages::decode(const at::Tensor& latents, const vae::TilingOptions& tiling, Probe& probe) const {
  at::Tensor frames;
  {
    const ProbeScope scope(probe, {"decode"});
    const at::Tensor unscaled = latents / vae.config().scaling_factor;
    probe.tensor({.name = "decode.latents", .axes = axes::kVideo}, unscaled);
    const at::Tensor decoded = vae.decode(unscaled, tiling, probe);
    if (decoded.defined()) probe.tensor({.name = "decode.video", .axes = axes::kVideo}, decoded);
    if (decoded.defined() && mesh.rank == 0) frames = to_frames(decoded);
  }
  if (frames.defined()) probe.tensor({.name = "frames", .axes = axes::kFrames}, frames);
  return frames;
}

std::vector<std::string> Stages::unused() const {
  std::vector<std::string> names = prompt_encoder.unused();
  for (const std::string& name : transformer_files.unused()) names.push_back("transformer: " + name);
  for (const std::string& name : vae_files.unused()) names.push_back("vae: " + name);
  return names;
}

std::vector<text::CutText> Stages::cut_texts(const Request& request) const {
  std::vector<text::CutText> cut = prompt_encoder.cut_texts(request.prompt, "prompt");
  if (guidance.scale() == 1.0) return cut;
  for (const text::CutText& text : prompt_encoder.cut_texts(request.negative_prompt, "negative prompt"))
    cut.push_back(text);
  return cut;
}

void Stages::require_finite_weights() const {
  prompt_encoder.require_finite_weights();
  transformer_files.require_finite();
  vae_files.require_finite();
}

}  // namespace isoframe::model::pipeline
