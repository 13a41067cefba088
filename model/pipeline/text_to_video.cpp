#include "model/pipeline/text_to_video.h"

#include <ATen/ATen.h>

#include "model/pipeline/configs.h"
#include "model/pipeline/limits.h"
#include "model/pipeline/stages.h"

namespace isoframe::model::pipeline {

namespace {

const checkpoint::Checkpoint& checked(const checkpoint::Checkpoint& checkpoint) {
  check_task(checkpoint, Task::kTextToVideo);
  check_configs(checkpoint);
  return checkpoint;
}

}  // namespace

TextToVideo::TextToVideo(const checkpoint::Checkpoint& checkpoint, parallel::Mesh mesh,
                         std::optional<double> guidance_scale, const at::TensorOptions& options)
    : stages_(std::make_unique<Stages>(checked(checkpoint), std::move(mesh), guidance_scale, options)) {}

TextToVideo::~TextToVideo() = default;

Video TextToVideo::generate(const Request& request, Probe& probe) const {
  const Stages& stages = *stages_;
  const transformer::TransformerConfig& config = stages.transformer.config();
  const at::Tensor no_image = at::zeros({1, 0, config.image_embed_dim}, stages.options);
  const Conditions conditions = stages.encode_prompts(request, no_image, probe);
  const at::Tensor noise = stages.initial_latents(request, probe);

  // No first frame: condition latents and mask are zero.
  std::vector<std::int64_t> rest = noise.sizes().vec();
  rest[1] = config.in_channels - noise.size(1);
  Video video = stages.denoise(noise, at::zeros(rest, stages.options), conditions, request, probe);
  video.frames = stages.decode(video.latents, request.tiling, probe);
  return video;
}

std::vector<std::string> TextToVideo::unused() const { return stages_->unused(); }
std::vector<text::CutText> TextToVideo::cut_texts(const Request& request) const {
  return stages_->cut_texts(request);
}
void TextToVideo::require_finite_weights() const { stages_->require_finite_weights(); }
const vae::Vae& TextToVideo::vae() const { return stages_->vae; }
const parallel::Mesh& TextToVideo::mesh() const { return stages_->mesh; }

}  // namespace isoframe::model::pipeline
