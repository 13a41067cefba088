#pragma once
// Image-to-video, end to end.  Reference: HunyuanVideo15ImageToVideoPipeline (diffusers 0.42).

#include "model/pipeline/pipeline.h"

namespace isoframe::model::vision {
class ImageEncoder;
}

namespace isoframe::model::pipeline {

struct Stages;

/// Its first frame is the request's image, resized to cover height x width and cut around the centre.  The
/// reference takes the size from the image alone (first_frame_size); here any that the model can do is
/// accepted.
class ImageToVideo : public Pipeline {
 public:
  /// Loads every part.  Throws InputError for a text-to-video checkpoint, or for parts that do not fit
  /// together.
  ImageToVideo(const checkpoint::Checkpoint& checkpoint, parallel::Mesh mesh,
               std::optional<double> guidance_scale, at::ScalarType dtype = at::kFloat);
  ~ImageToVideo() override;

  Video generate(const Request& request, Probe& probe) const override;

  std::vector<std::string> unused() const override;
  void require_finite_weights() const override;
  const vae::Vae& vae() const override;
  const parallel::Mesh& mesh() const override;

 private:
  /// The image latents [1, C, 1, h, w], scaled, on every rank.
  at::Tensor encode_first_frame(const at::Tensor& image, const Request& request, Probe& probe) const;

  std::unique_ptr<Stages> stages_;
  std::unique_ptr<vision::ImageEncoder> image_encoder_;
};

/// image_latents [1, C, 1, h, w] -> [1, C + 1, frames, h, w]: the condition latents, image first and zeros
/// after it, and the mask channel, 1 where the image is.
/// Reference: HunyuanVideo15ImageToVideoPipeline.prepare_cond_latents_and_mask (diffusers 0.42).
at::Tensor first_frame_condition(const at::Tensor& image_latents, std::int64_t frames);

}  // namespace isoframe::model::pipeline
