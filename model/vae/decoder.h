#pragma once
// Latents to pixels.

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/parameters.h"
#include "model/vae/blocks.h"

namespace isoframe::model::vae {

struct VaeConfig;

/// [F, H, W, in] -> [2F - 1 or F, 2H, 2W, out].  Reference: HunyuanVideo15Upsample (diffusers 0.42).
class Upsample {
 public:
  Upsample(const checkpoint::Parameters& parameters, std::int64_t in_channels, std::int64_t out_channels,
           bool temporal);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  bool temporal_;
  kernels::PackedConv3d conv_;
};

/// [f, h, w, latent_channels] -> [1 + 4(f - 1), 16h, 16w, out_channels] with the published ratios.
/// Reference: HunyuanVideo15Decoder3D (diffusers 0.42).
class Decoder {
 public:
  Decoder(const checkpoint::Parameters& parameters, const VaeConfig& config);
  at::Tensor operator()(const at::Tensor& latents) const;

 private:
  struct UpBlock {
    std::vector<ResnetBlock> resnets;
    std::optional<Upsample> upsampler;
  };

  std::int64_t repeats_;
  kernels::PackedConv3d conv_in_;
  MidBlock mid_block_;
  std::vector<UpBlock> up_blocks_;
  at::Tensor norm_out_;
  kernels::PackedConv3d conv_out_;
};

}  // namespace isoframe::model::vae
