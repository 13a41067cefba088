#pragma once
// Pixels to latents.

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/parameters.h"
#include "model/vae/blocks.h"

namespace isoframe::model::vae {

struct VaeConfig;

/// [F, H, W, in] -> [(F + 1)/2 or F, H/2, W/2, out].  Reference: HunyuanVideo15Downsample (diffusers 0.42).
class Downsample {
 public:
  Downsample(const checkpoint::Parameters& parameters, std::int64_t in_channels, std::int64_t out_channels,
             bool temporal);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  bool temporal_;
  kernels::PackedConv3d conv_;
};

/// [1 + 4(f - 1), 16h, 16w, in_channels] -> [f, h, w, 2 * latent_channels] with the published ratios: mean
/// and logarithm of the variance.  Reference: HunyuanVideo15Encoder3D (diffusers 0.42).
class Encoder {
 public:
  Encoder(const checkpoint::Parameters& parameters, const VaeConfig& config);
  at::Tensor operator()(const at::Tensor& video) const;

 private:
  struct DownBlock {
    std::vector<ResnetBlock> resnets;
    std::optional<Downsample> downsampler;
  };

  std::int64_t moments_;
  kernels::PackedConv3d conv_in_;
  std::vector<DownBlock> down_blocks_;
  MidBlock mid_block_;
  at::Tensor norm_out_;
  kernels::PackedConv3d conv_out_;
};

}  // namespace isoframe::model::vae
