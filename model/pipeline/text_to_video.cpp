#include "model/pipeline/text_to_video.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "model/error.h"
#include "model/parallel/sequence_parallel.h"
#include "model/sampling/flow_match_euler.h"
#include "model/sampling/guidance.h"
#include "model/text/prompt_encoder.h"
#include "model/transformer/transformer.h"

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
  return video.squeeze(0).permute({1, 2, 3, 0}).to(at::kFloat).div(2).add(0.5).clamp(0, 1).contiguous();
}

}  // namespace

struct TextToVideo::Impl {
  Impl(const checkpoint::Checkpoint& checkpoint, parallel::Mesh mesh_in, std::optional<double> guidance_scale,
       at::ScalarType dtype)
      : mesh(std::move(mesh_in)),
        prompt_encoder(checkpoint, dtype, mesh.tensor_parallel()),
        sequence(mesh.sequence_parallel()),
        transformer_files(checkpoint.part("transformer"), dtype),
        transformer(transformer::TransformerConfig::from(checkpoint.config("transformer")),
                    checkpoint::Parameters(transformer_files), *sequence, mesh.tensor_parallel()),
        vae_files(checkpoint.part("vae"), dtype),
        vae(vae::VaeConfig::from(checkpoint.config("vae")), checkpoint::Parameters(vae_files),
            mesh.vae_patch),
        scheduler(sampling::SchedulerConfig::from(checkpoint.config("scheduler"))),
        guidance(guidance_scale_of(checkpoint, guidance_scale), mesh.cfg),
        dtype(dtype) {}

  Condition encode(const std::string& prompt, Probe& probe) const {
    text::PromptEmbeds embeds = prompt_encoder.encode(prompt, probe);
    return {embeds.text, embeds.byt5, at::zeros({1, 0, transformer.config().image_embed_dim}, dtype)};
  }

  parallel::Mesh mesh;
  text::PromptEncoder prompt_encoder;
  std::unique_ptr<parallel::SequenceParallel> sequence;
  checkpoint::WeightFiles transformer_files;
  transformer::Transformer transformer;
  checkpoint::WeightFiles vae_files;
  vae::Vae vae;
  sampling::SchedulerConfig scheduler;
  sampling::Guidance guidance;
  at::ScalarType dtype;
};

TextToVideo::TextToVideo(const checkpoint::Checkpoint& checkpoint, parallel::Mesh mesh,
                         std::optional<double> guidance_scale, at::ScalarType dtype)
    : impl_(std::make_unique<Impl>(checkpoint, std::move(mesh), guidance_scale, dtype)) {}

TextToVideo::~TextToVideo() = default;

Video TextToVideo::generate(const Request& request, Probe& probe) const {
  const Impl& m = *impl_;
  const vae::VaeConfig& vae = m.vae.config();

  Condition conditional, unconditional;
  {
    const ProbeScope scope(probe, {"text"});
    if (m.guidance.runs(Branch::kConditional)) {
      const ProbeScope branch(probe, {"text.conditional"});
      conditional = m.encode(request.prompt, probe);
    }
    if (m.guidance.runs(Branch::kUnconditional)) {
      const ProbeScope branch(probe, {"text.unconditional"});
      unconditional = m.encode(request.negative_prompt, probe);
    }
  }

  Video video;
  at::Tensor latents = sampling::initial_latents(
      request.seed,
      {1, vae.latent_channels, (request.frames - 1) / vae.temporal_compression_ratio + 1,
       request.height / vae.spatial_compression_ratio, request.width / vae.spatial_compression_ratio},
      m.dtype);
  probe.tensor({"initial_latents"}, latents);
  {
    const ProbeScope scope(probe, {"denoise", request.steps});
    // Text-to-video has no first frame: condition latents and mask are zero.
    std::vector<std::int64_t> rest = latents.sizes().vec();
    rest[1] = m.transformer.config().in_channels - vae.latent_channels;
    const at::Tensor condition_latents_and_mask = at::zeros(rest, m.dtype);

    for (const sampling::Step& step : sampling::schedule(request.steps, m.scheduler)) {
      const ProbeScope step_scope(probe, {"denoise.step", step.index});
      const at::Tensor sample = at::cat({latents, condition_latents_and_mask}, 1);
      const auto pass = [&](Branch branch) {
        const bool is_conditional = branch == Branch::kConditional;
        const ProbeScope branch_scope(
            probe, {is_conditional ? "denoise.conditional" : "denoise.unconditional", step.index});
        return m.transformer.forward(sample, step.timestep, is_conditional ? conditional : unconditional,
                                     probe);
      };
      const at::Tensor velocity = m.guidance.predict(pass, probe);
      latents = sampling::euler_step(latents, velocity, step);
      probe.tensor({"latents", step.index}, latents);
      video.step_latents.push_back(latents);
    }
  }
  video.latents = latents;
  {
    const ProbeScope scope(probe, {"decode"});
    const at::Tensor unscaled = latents / vae.scaling_factor;
    probe.tensor({"decode.latents"}, unscaled);
    const at::Tensor decoded = m.vae.decode(unscaled, request.tiling, probe);
    if (decoded.defined()) probe.tensor({"decode.video"}, decoded);
    if (decoded.defined() && m.mesh.rank == 0) video.frames = to_frames(decoded);
  }
  if (video.frames.defined()) probe.tensor({"frames"}, video.frames);
  return video;
}

std::vector<std::string> TextToVideo::unused() const {
  std::vector<std::string> names = impl_->prompt_encoder.unused();
  for (const std::string& name : impl_->transformer_files.unused()) names.push_back("transformer: " + name);
  for (const std::string& name : impl_->vae_files.unused()) names.push_back("vae: " + name);
  return names;
}

void TextToVideo::require_finite_weights() const {
  impl_->prompt_encoder.require_finite_weights();
  impl_->transformer_files.require_finite();
  impl_->vae_files.require_finite();
}

const vae::Vae& TextToVideo::vae() const { return impl_->vae; }
const parallel::Mesh& TextToVideo::mesh() const { return impl_->mesh; }

}  // namespace isoframe::model::pipeline
