#include "model/vae/encoder.h"

#include <utility>

#include <ATen/ATen.h>

#include "model/kernels/channel_norm.h"
#include "model/kernels/pixel_shuffle.h"
#include "model/vae/config.h"

namespace isoframe::model::vae {

Downsample::Downsample(const checkpoint::Parameters& parameters, std::int64_t in_channels,
                       std::int64_t out_channels, bool temporal)
    : temporal_(temporal),
      conv_(causal_conv3d(parameters["conv"], in_channels, out_channels / (temporal ? 8 : 4))) {}

at::Tensor Downsample::operator()(const at::Tensor& x) const {
  return kernels::downsample_add(conv_(kernels::causal_pad(x)), x, temporal_);
}

Encoder::Encoder(const checkpoint::Parameters& parameters, const VaeConfig& config)
    : moments_(2 * config.latent_channels),
      conv_in_(causal_conv3d(parameters["conv_in"], config.in_channels, config.block_out_channels.front())),
      mid_block_(parameters["mid_block"], config.block_out_channels.back()),
      norm_out_(norm_gain(parameters["norm_out"], config.block_out_channels.back())),
      conv_out_(causal_conv3d(parameters["conv_out"], config.block_out_channels.back(), moments_)) {
  std::int64_t channels = config.block_out_channels.front();
  for (const Stage& stage : encoder_stages(config)) {
    const checkpoint::Parameters block =
        parameters["down_blocks"][static_cast<std::int64_t>(down_blocks_.size())];
    DownBlock& added = down_blocks_.emplace_back();
    added.resnets = resnets(block, config.layers_per_block, channels, stage.channels);
    channels = stage.resampled_channels;
    if (stage.resamples)
      added.downsampler.emplace(block["downsamplers"][0], stage.channels, channels, stage.temporal);
  }
}

at::Tensor Encoder::operator()(const at::Tensor& video) const {
  at::Tensor hidden = conv_in_(kernels::causal_pad(video));
  for (const DownBlock& block : down_blocks_) {
    for (const ResnetBlock& resnet : block.resnets) hidden = resnet(std::move(hidden));
    if (block.downsampler) hidden = (*block.downsampler)(hidden);
  }
  hidden = mid_block_(std::move(hidden));
  const at::Tensor shortcut = hidden.unflatten(-1, {moments_, -1}).mean(-1);
  hidden = kernels::channel_rms_norm_silu_causal_pad(hidden, norm_out_);
  return conv_out_(hidden).add_(shortcut);
}

}  // namespace isoframe::model::vae
