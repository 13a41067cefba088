#pragma once
// Turns a picture into the image tokens that the transformer is conditioned on.
// Reference: HunyuanVideo15ImageToVideoPipeline.encode_image (diffusers 0.42).

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/weight_files.h"
#include "model/probe.h"
#include "model/vision/siglip.h"
#include "model/vision/siglip_processor.h"

namespace isoframe::model::vision {

class ImageEncoder {
 public:
  /// Loads `feature_extractor` and `image_encoder` of the checkpoint.  Throws InputError where the two do not
  /// agree on the picture's size.
  explicit ImageEncoder(const checkpoint::Checkpoint& checkpoint,
                        const at::TensorOptions& options = at::kFloat);

  /// image: uint8 [H, W, 3] -> [1, tokens, hidden_size].
  at::Tensor encode(const at::Tensor& image, Probe& probe) const;

  std::int64_t hidden_size() const { return image_encoder_.config().hidden_size; }
  /// Surplus tensors of image_encoder's files.
  std::vector<std::string> unused() const;
  /// Throws InputError naming the first weight that is not a finite number.
  void require_finite_weights() const { image_encoder_files_.require_finite(); }

 private:
  SiglipProcessorConfig feature_extractor_;
  checkpoint::WeightFiles image_encoder_files_;
  SiglipVisionModel image_encoder_;
  at::TensorOptions options_;
};

}  // namespace isoframe::model::vision
