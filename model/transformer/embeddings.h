#pragma once
// Embeddings of latents, timestep and encoder states: tokens of the inner width.

#include <cstdint>
#include <optional>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/parameters.h"
#include "model/transformer/layers.h"

namespace isoframe::model::transformer {

/// A video's number of tokens along each axis.
struct TokenGrid {
  std::int64_t frames = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t tokens() const { return frames * height * width; }
};

/// Cuts latents into patches of patch_size_t x patch_size x patch_size and projects each.
/// Reference: HunyuanVideo15PatchEmbed (diffusers 0.42), whose convolution has the patch as kernel and as
/// stride: a linear layer on patches, the form used here.
class PatchEmbed {
 public:
  PatchEmbed(const checkpoint::Parameters& parameters, std::int64_t in_channels, std::int64_t patch_size_t,
             std::int64_t patch_size, std::int64_t inner_dim);

  /// Throws InputError unless patches cover sample [1, C, F, H, W] without a rest.
  TokenGrid grid(const at::Tensor& sample) const;
  /// [1, C, F, H, W] -> [1, S, D], width varying fastest.
  at::Tensor operator()(const at::Tensor& sample) const;
  /// [1, S, out_channels * patch] -> [1, out_channels, F, H, W].
  at::Tensor unpatchify(const at::Tensor& tokens, const TokenGrid& grid) const;

 private:
  std::int64_t patch_size_t_;
  std::int64_t patch_size_;
  at::Tensor weight_;  ///< [D, C, patch_size_t, patch_size, patch_size]
  at::Tensor bias_;
};

/// Sinusoids of a timestep [N], cosines first, then the MLP.  -> [N, D], dtype of the timestep.
/// Reference: Timesteps(256, flip_sin_to_cos=True, downscale_freq_shift=0), then TimestepEmbedding.
class TimestepEmbedder {
 public:
  TimestepEmbedder(const checkpoint::Parameters& parameters, std::int64_t inner_dim);
  at::Tensor operator()(const at::Tensor& timestep) const;

 private:
  SiluMlp mlp_;
};

/// Reference: HunyuanVideo15TimeEmbedding (diffusers 0.42).  A MeanFlow checkpoint holds a second embedder,
/// for the end of the step, which the reference's image-to-video hands on and its text-to-video does not.
class TimeEmbed {
 public:
  TimeEmbed(const checkpoint::Parameters& parameters, std::int64_t inner_dim, bool use_meanflow);
  /// The sum of both embeddings; only the first where `end` is undefined.
  at::Tensor operator()(const at::Tensor& timestep, const at::Tensor& end) const;

 private:
  TimestepEmbedder timestep_embedder_;
  std::optional<TimestepEmbedder> timestep_embedder_r_;
};

/// SigLIP states [1, I, image_embed_dim] -> [1, I, D].  Reference: HunyuanVideo15ImageProjection (diffusers
/// 0.42).
class ImageProjection {
 public:
  ImageProjection(const checkpoint::Parameters& parameters, std::int64_t in, std::int64_t inner_dim);
  at::Tensor operator()(const at::Tensor& image) const;

 private:
  LayerNorm norm_in_;
  Linear linear_1_;
  Linear linear_2_;
  LayerNorm norm_out_;
};

/// ByT5 states [1, G, text_embed_2_dim] -> [1, G, D].  Reference: HunyuanVideo15ByT5TextProjection (diffusers
/// 0.42).
class ByT5TextProjection {
 public:
  ByT5TextProjection(const checkpoint::Parameters& parameters, std::int64_t in, std::int64_t inner_dim);
  at::Tensor operator()(const at::Tensor& byt5) const;

 private:
  LayerNorm norm_;
  Linear linear_1_;
  Linear linear_2_;
  Linear linear_3_;
};

}  // namespace isoframe::model::transformer
