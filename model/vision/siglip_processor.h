#pragma once
// Turns a picture into what SigLIP looks at.  Reference: SiglipImageProcessorPil (transformers 5.23), the one
// that diffusers gets where torchvision is not installed; torchvision's resampling differs from it by one
// 8-bit step here and there.

#include <array>
#include <cstdint>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/config.h"
#include "model/vision/resample.h"

namespace isoframe::model::vision {

/// feature_extractor/preprocessor_config.json.
struct SiglipProcessorConfig {
  std::int64_t height = 224;
  std::int64_t width = 224;
  Filter resample = Filter::kBicubic;
  bool do_rescale = true;
  double rescale_factor = 1.0 / 255.0;
  bool do_normalize = true;
  std::array<double, 3> image_mean = {0.5, 0.5, 0.5};
  std::array<double, 3> image_std = {0.5, 0.5, 0.5};

  /// Throws InputError for a `resample` or a `size` that is not implemented.
  static SiglipProcessorConfig from(const checkpoint::Config& config);
};

/// uint8 [H, W, 3] -> float32 [1, 3, height, width], without regard to the picture's proportions.
at::Tensor preprocess(const at::Tensor& image, const SiglipProcessorConfig& config);

}  // namespace isoframe::model::vision
