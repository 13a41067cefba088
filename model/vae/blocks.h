#pragma once
// Blocks that encoder and decoder are built of.  Volumes are [F, H, W, C], contiguous: one video, channels
// last, so that a convolution with a 1 x 1 x 1 kernel is a linear layer and a norm over channels reads one
// run of memory.

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/parameters.h"
#include "model/kernels/packed_conv3d.h"

namespace isoframe::model::vae {

/// 3 x 3 x 3 convolution of a volume that causal_pad() has padded: [F + 2, H + 2, W + 2, in] -> [F, H, W,
/// out]. Reference: HunyuanVideo15CausalConv3d (diffusers 0.42).
kernels::PackedConv3d causal_conv3d(const checkpoint::Parameters& parameters, std::int64_t in_channels,
                                    std::int64_t out_channels);

/// The gain [C] of a norm over channels, stored as [C, 1, 1, 1].
at::Tensor norm_gain(const checkpoint::Parameters& parameters, std::int64_t channels);

/// A 1 x 1 x 1 convolution, as the linear layer that it is on channels-last data.
class PointwiseConv3d {
 public:
  PointwiseConv3d(const checkpoint::Parameters& parameters, std::int64_t in_channels,
                  std::int64_t out_channels);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  at::Tensor weight_;
  at::Tensor bias_;
};

/// Two causal convolutions, each after norm and SiLU, and a shortcut: [F, H, W, in] -> [F, H, W, out].
/// Reference: HunyuanVideo15ResnetBlock (diffusers 0.42).
class ResnetBlock {
 public:
  ResnetBlock(const checkpoint::Parameters& parameters, std::int64_t in_channels, std::int64_t out_channels);
  /// Writes into `x` where the shortcut has nothing to convert: pass it on, do not keep it.
  at::Tensor operator()(at::Tensor x) const;

 private:
  at::Tensor norm1_;
  kernels::PackedConv3d conv1_;
  at::Tensor norm2_;
  kernels::PackedConv3d conv2_;
  std::optional<PointwiseConv3d> conv_shortcut_;
};

/// Single-head attention over all positions, a frame seeing itself and the frames before it: [F, H, W, C] ->
/// the same. Reference: HunyuanVideo15AttnBlock (diffusers 0.42), which masks a full square of scores.
class AttentionBlock {
 public:
  AttentionBlock(const checkpoint::Parameters& parameters, std::int64_t channels);
  /// Writes into `x`.
  at::Tensor operator()(at::Tensor x) const;

 private:
  at::Tensor norm_;
  PointwiseConv3d to_q_;
  PointwiseConv3d to_k_;
  PointwiseConv3d to_v_;
  PointwiseConv3d proj_out_;
};

/// Reference: HunyuanVideo15MidBlock (diffusers 0.42) with its one attention layer.
class MidBlock {
 public:
  MidBlock(const checkpoint::Parameters& parameters, std::int64_t channels);
  at::Tensor operator()(at::Tensor x) const;

 private:
  ResnetBlock first_;
  AttentionBlock attention_;
  ResnetBlock second_;
};

/// `layers` resnets, the first from `in_channels`: what an up or down block is before it resamples.
std::vector<ResnetBlock> resnets(const checkpoint::Parameters& parameters, std::int64_t layers,
                                 std::int64_t in_channels, std::int64_t out_channels);

}  // namespace isoframe::model::vae
