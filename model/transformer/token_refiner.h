#pragma once
// The text branch: states of the text encoder become condition tokens, refined by the timestep and by each
// other.

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/parameters.h"
#include "model/transformer/embeddings.h"
#include "model/transformer/layers.h"

namespace isoframe::model::transformer {

/// Self-attention and MLP over text tokens, both gated by the conditioning vector.
/// Reference: HunyuanVideo15IndividualTokenRefinerBlock (diffusers 0.42).
class RefinerBlock {
 public:
  RefinerBlock(const checkpoint::Parameters& parameters, std::int64_t heads, std::int64_t head_dim,
               const parallel::TensorParallel& tensor);
  /// tokens: [1, T, D]; activated: SiLU of the conditioning vector, [1, D] -> [1, T, D].
  at::Tensor operator()(const at::Tensor& tokens, const at::Tensor& activated) const;

 private:
  at::Tensor attention(const at::Tensor& normed) const;

  std::int64_t head_dim_;
  LayerNorm norm1_;
  parallel::ColumnParallelLinear to_q_;
  parallel::ColumnParallelLinear to_k_;
  parallel::ColumnParallelLinear to_v_;
  parallel::RowParallelLinear to_out_;
  LayerNorm norm2_;
  FeedForward ff_;
  Linear norm_out_linear_;
};

/// Reference: HunyuanVideo15TokenRefiner (diffusers 0.42).
class TokenRefiner {
 public:
  TokenRefiner(const checkpoint::Parameters& parameters, std::int64_t text_embed_dim, std::int64_t heads,
               std::int64_t head_dim, std::int64_t layers, const parallel::TensorParallel& tensor);
  /// text: [1, T, text_embed_dim], T >= 1, no padding; timestep: [1] -> [1, T, D].
  at::Tensor operator()(const at::Tensor& text, const at::Tensor& timestep) const;

 private:
  TimestepEmbedder timestep_embedder_;
  SiluMlp text_embedder_;
  Linear proj_in_;
  std::vector<RefinerBlock> refiner_blocks_;
};

}  // namespace isoframe::model::transformer
