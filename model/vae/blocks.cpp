#include "model/vae/blocks.h"

#include <utility>

#include <ATen/ATen.h>

#include "model/kernels/attention.h"
#include "model/kernels/channel_norm.h"
#include "model/kernels/linear.h"

namespace isoframe::model::vae {

kernels::PackedConv3d causal_conv3d(const checkpoint::Parameters& parameters, std::int64_t in_channels,
                                    std::int64_t out_channels) {
  const checkpoint::Parameters conv = parameters["conv"];
  return {conv.get("weight", {out_channels, in_channels, 3, 3, 3}), conv.get("bias", {out_channels})};
}

at::Tensor norm_gain(const checkpoint::Parameters& parameters, std::int64_t channels) {
  return parameters.get("gamma", {channels, 1, 1, 1}).view({channels});
}

PointwiseConv3d::PointwiseConv3d(const checkpoint::Parameters& parameters, std::int64_t in_channels,
                                 std::int64_t out_channels)
    : weight_(
          parameters.get("weight", {out_channels, in_channels, 1, 1, 1}).view({out_channels, in_channels})),
      bias_(parameters.get("bias", {out_channels})) {}

at::Tensor PointwiseConv3d::operator()(const at::Tensor& x) const {
  return kernels::linear(x, weight_, bias_);
}

ResnetBlock::ResnetBlock(const checkpoint::Parameters& parameters, std::int64_t in_channels,
                         std::int64_t out_channels)
    : norm1_(norm_gain(parameters["norm1"], in_channels)),
      conv1_(causal_conv3d(parameters["conv1"], in_channels, out_channels)),
      norm2_(norm_gain(parameters["norm2"], out_channels)),
      conv2_(causal_conv3d(parameters["conv2"], out_channels, out_channels)) {
  if (in_channels != out_channels)
    conv_shortcut_.emplace(parameters["conv_shortcut"], in_channels, out_channels);
}

at::Tensor ResnetBlock::operator()(at::Tensor x) const {
  at::Tensor hidden = conv1_(kernels::channel_rms_norm_silu_causal_pad(x, norm1_));
  hidden = kernels::channel_rms_norm_silu_causal_pad(hidden, norm2_);
  if (conv_shortcut_) x = (*conv_shortcut_)(x);
  conv2_.add_to(x, hidden);
  return x;
}

AttentionBlock::AttentionBlock(const checkpoint::Parameters& parameters, std::int64_t channels)
    : norm_(norm_gain(parameters["norm"], channels)),
      to_q_(parameters["to_q"], channels, channels),
      to_k_(parameters["to_k"], channels, channels),
      to_v_(parameters["to_v"], channels, channels),
      proj_out_(parameters["proj_out"], channels, channels) {}

at::Tensor AttentionBlock::operator()(at::Tensor x) const {
  const std::int64_t frames = x.size(0);
  const std::int64_t frame_positions = x.size(1) * x.size(2);
  at::Tensor attended;
  {
    const at::Tensor normed = kernels::channel_rms_norm(x, norm_).flatten(0, 2);
    // [F*H*W, C] with a batch and a head of one in front.
    const auto as_head = [](const at::Tensor& tokens) { return tokens.unsqueeze(0).unsqueeze(0); };
    const at::Tensor query = as_head(to_q_(normed));
    const at::Tensor key = as_head(to_k_(normed));
    const at::Tensor value = as_head(to_v_(normed));
    attended = at::empty_like(normed);
    for (std::int64_t frame = 0; frame < frames; ++frame) {
      const std::int64_t begin = frame * frame_positions;
      const std::int64_t seen = begin + frame_positions;
      attended.narrow(0, begin, frame_positions)
          .copy_(kernels::attention(query.narrow(2, begin, frame_positions), key.narrow(2, 0, seen),
                                    value.narrow(2, 0, seen))
                     .squeeze(0)
                     .squeeze(0));
    }
  }
  x.flatten(0, 2).add_(proj_out_(attended));
  return x;
}

MidBlock::MidBlock(const checkpoint::Parameters& parameters, std::int64_t channels)
    : first_(parameters["resnets"][0], channels, channels),
      attention_(parameters["attentions"][0], channels),
      second_(parameters["resnets"][1], channels, channels) {}

at::Tensor MidBlock::operator()(at::Tensor x) const { return second_(attention_(first_(std::move(x)))); }

std::vector<ResnetBlock> resnets(const checkpoint::Parameters& parameters, std::int64_t layers,
                                 std::int64_t in_channels, std::int64_t out_channels) {
  std::vector<ResnetBlock> blocks;
  blocks.reserve(static_cast<std::size_t>(layers));
  for (std::int64_t i = 0; i < layers; ++i)
    blocks.emplace_back(parameters["resnets"][i], i == 0 ? in_channels : out_channels, out_channels);
  return blocks;
}

}  // namespace isoframe::model::vae
