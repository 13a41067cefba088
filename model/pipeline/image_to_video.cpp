#include "model/pipeline/image_to_video.h"

#include <ATen/ATen.h>

#include "model/pipeline/configs.h"
#include "model/pipeline/first_frame.h"
#include "model/pipeline/limits.h"
#include "model/pipeline/stages.h"
#include "model/vision/crop.h"
#include "model/vision/image_encoder.h"
#include "model/vision/image_file.h"

namespace isoframe::model::pipeline {

namespace {

const checkpoint::Checkpoint& checked(const checkpoint::Checkpoint& checkpoint) {
  check_task(checkpoint, Task::kImageToVideo);
  check_configs(checkpoint);
  return checkpoint;
}

/// The transformer's mark of text-to-video is an image of zeros, whose tokens count as padding.
/// Reference: HunyuanVideo15Transformer3DModel.forward, is_t2v.
at::Tensor without_padding(const at::Tensor& image_embeds) {
  return image_embeds.any().item<bool>() ? image_embeds : image_embeds.narrow(1, 0, 0);
}

}  // namespace

ImageToVideo::ImageToVideo(const checkpoint::Checkpoint& checkpoint, parallel::Mesh mesh,
                           std::optional<double> guidance_scale, const at::TensorOptions& options)
    : stages_(std::make_unique<Stages>(checked(checkpoint), std::move(mesh), guidance_scale, options)),
      image_encoder_(std::make_unique<vision::ImageEncoder>(checkpoint, options)) {}

ImageToVideo::~ImageToVideo() = default;

Video ImageToVideo::generate(const Request& request, Probe& probe) const {
  const Stages& stages = *stages_;
  at::Tensor image, image_embeds;
  {
    const ProbeScope scope(probe, {"image"});
    image = vision::resize_and_crop(vision::load_image(request.image), request.height, request.width);
    probe.tensor({.name = "image", .axes = axes::kPicture}, image);
    image_embeds = image_encoder_->encode(image, probe);
    probe.tensor({.name = "image_embeds", .axes = axes::kTokens}, image_embeds);
  }
  const Conditions conditions = stages.encode_prompts(request, without_padding(image_embeds), probe);
  const at::Tensor noise = stages.initial_latents(request, probe);
  at::Tensor image_latents;
  {
    const ProbeScope scope(probe, {"encode"});
    const at::Tensor frame = vision::to_video_frame(image).to(stages.options);
    image_latents = encode_on_all_ranks(stages.vae, stages.mesh, frame, request.tiling, probe);
  }
  probe.tensor({.name = "image_latents", .axes = axes::kVideo}, image_latents);

  Video video =
      stages.denoise(noise, first_frame_condition(image_latents, noise.size(2)), conditions, request, probe);
  video.frames = stages.decode(video.latents, request.tiling, probe);
  return video;
}

std::vector<std::string> ImageToVideo::unused() const {
  std::vector<std::string> names = stages_->unused();
  for (std::string& name : image_encoder_->unused()) names.push_back(std::move(name));
  return names;
}
std::vector<text::CutText> ImageToVideo::cut_texts(const Request& request) const {
  return stages_->cut_texts(request);
}
void ImageToVideo::require_finite_weights() const {
  stages_->require_finite_weights();
  image_encoder_->require_finite_weights();
}
const vae::Vae& ImageToVideo::vae() const { return stages_->vae; }
const parallel::Mesh& ImageToVideo::mesh() const { return stages_->mesh; }

}  // namespace isoframe::model::pipeline
