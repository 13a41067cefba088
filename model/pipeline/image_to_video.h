#pragma once
// Image-to-video, end to end.  Reference: HunyuanVideo15ImageToVideoPipeline (diffusers 0.42).

#include "model/pipeline/pipeline.h"

namespace isoframe::model::vision {
class ImageEncoder;
}

namespace isoframe::model::pipeline {

struct Stages;

/// Its first frame is the request's image, resized to cover height x width and cut around the centre.  The
/// reference takes the size from the image alone (nearest_bucket); here any that the model can do is
/// accepted.
class ImageToVideo : public Pipeline {
 public:
  /// Loads every part.  Throws InputError for a text-to-video checkpoint, or for parts that do not fit
  /// together.
  ImageToVideo(const checkpoint::Checkpoint& checkpoint, parallel::Mesh mesh,
               std::optional<double> guidance_scale, const at::TensorOptions& options = at::kFloat);
  ~ImageToVideo() override;

  Video generate(const Request& request, Probe& probe) const override;

  std::vector<std::string> unused() const override;
  std::vector<text::CutText> cut_texts(const Request& request) const override;
  void require_finite_weights() const override;
  const vae::Vae& vae() const override;
  const parallel::Mesh& mesh() const override;

 private:
  std::unique_ptr<Stages> stages_;
  std::unique_ptr<vision::ImageEncoder> image_encoder_;
};

}  // namespace isoframe::model::pipeline
