#include "model/vae/decoder.h"

#include <utility>

#include <ATen/ATen.h>

#include "model/kernels/channel_norm.h"
#include "model/kernels/pixel_shuffle.h"
#include "model/vae/config.h"

namespace isoframe::model::vae {

Upsample::Upsample(const checkpoint::Parameters& parameters, std::int64_t in_channels,
                   std::int64_t out_channels, bool temporal)
    : temporal_(temporal),
      conv_(causal_conv3d(parameters["conv"], in_channels, out_channels * (temporal ? 8 : 4))) {}

at::Tensor Upsample::operator()(const at::Tensor& x) const {
  return kernels::upsample_add(conv_(kernels::causal_pad(x)), x, temporal_);
}

Decoder::Decoder(const checkpoint::Parameters& parameters, const VaeConfig& config)
    : repeats_(config.block_out_channels.back() / config.latent_channels),
      conv_in_(
          causal_conv3d(parameters["conv_in"], config.latent_channels, config.block_out_channels.back())),
      mid_block_(parameters["mid_block"], config.block_out_channels.back()),
      norm_out_(norm_gain(parameters["norm_out"], config.block_out_channels.front())),
      conv_out_(
          causal_conv3d(parameters["conv_out"], config.block_out_channels.front(), config.out_channels)) {
  std::int64_t channels = config.block_out_channels.back();
  for (const Stage& stage : decoder_stages(config)) {
    const checkpoint::Parameters block =
        parameters["up_blocks"][static_cast<std::int64_t>(up_blocks_.size())];
    UpBlock& added = up_blocks_.emplace_back();
    added.resnets = resnets(block, config.layers_per_block + 1, channels, stage.channels);
    channels = stage.resampled_channels;
    if (stage.resamples)
      added.upsampler.emplace(block["upsamplers"][0], stage.channels, channels, stage.temporal);
  }
}

at::Tensor Decoder::operator()(const at::Tensor& latents) const {
  at::Tensor hidden = conv_in_(kernels::causal_pad(latents)).add_(latents.repeat_interleave(repeats_, -1));
  hidden = mid_block_(std::move(hidden));
  for (const UpBlock& block : up_blocks_) {
    for (const ResnetBlock& resnet : block.resnets) hidden = resnet(std::move(hidden));
    if (block.upsampler) hidden = (*block.upsampler)(hidden);
  }
  hidden = kernels::channel_rms_norm_silu_causal_pad(hidden, norm_out_);
  return conv_out_(hidden);
}

}  // namespace isoframe::model::vae
