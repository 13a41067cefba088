#pragma once
// Text-to-video, end to end.  Reference: HunyuanVideo15Pipeline (diffusers 0.42).

#include "model/pipeline/pipeline.h"

namespace isoframe::model::pipeline {

struct Stages;

class TextToVideo : public Pipeline {
 public:
  /// Loads every part.  Throws InputError for an image-to-video checkpoint.
  TextToVideo(const checkpoint::Checkpoint& checkpoint, parallel::Mesh mesh,
              std::optional<double> guidance_scale, const at::TensorOptions& options = at::kFloat);
  ~TextToVideo() override;

  Video generate(const Request& request, Probe& probe) const override;

  std::vector<std::string> unused() const override;
  std::vector<text::CutText> cut_texts(const Request& request) const override;
  void require_finite_weights() const override;
  const vae::Vae& vae() const override;
  const parallel::Mesh& mesh() const override;

 private:
  std::unique_ptr<Stages> stages_;
};

}  // namespace isoframe::model::pipeline
