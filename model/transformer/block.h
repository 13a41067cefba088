#pragma once
// A dual-stream block: video tokens and condition tokens have their own weights and meet in one attention.

#include <cstdint>
#include <functional>
#include <utility>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/parameters.h"
#include "model/kernels/rms_norm.h"
#include "model/parallel/sequence_parallel.h"
#include "model/probe.h"
#include "model/transformer/layers.h"

namespace isoframe::model::transformer {

/// Shift, scale and gate of a stream's attention and MLP, [D] each.  Reference: AdaLayerNormZero (diffusers
/// 0.42).
struct Modulation {
  at::Tensor shift_msa, scale_msa, gate_msa, shift_mlp, scale_mlp, gate_mlp;
};

/// Inputs that all blocks of one pass share.
struct BlockInputs {
  at::Tensor activated;       ///< SiLU of the time embedding, [1, D]
  kernels::Rotary rotary;     ///< of this rank's video tokens
  std::int64_t video_length;  ///< video tokens on all ranks
  Share rows;                 ///< this rank's, along dimension 1
};

/// One stream's layers around the attention they share, under the names the checkpoint gives them for that
/// stream.
class BlockStream {
 public:
  /// The names of its layers: the video's (norm1, attn.to_q, ff) or the condition's (norm1_context,
  /// attn.add_q_proj, ff_context).
  struct Names;
  static const Names kVideo;
  static const Names kCondition;

  BlockStream(const checkpoint::Parameters& block, const Names& names, std::int64_t heads,
              std::int64_t head_dim, double mlp_ratio, const parallel::TensorParallel& tensor);

  Modulation modulation(const at::Tensor& activated) const;
  /// Adaptive layer norm, projections, RMS norm of query and key, and RoPE where `rotary` is given.
  /// hidden: [B, S, D] -> [B, S, own heads, head_dim] each.
  parallel::Qkv qkv(const at::Tensor& hidden, const Modulation& modulation,
                    const kernels::Rotary* rotary) const;
  /// The share of the block's heads that this rank holds.
  Share heads() const { return heads_; }
  /// Output projection, gated residual, MLP, gated residual.  attended: [B, S, own heads, head_dim] -> [B, S,
  /// D].  `show` is given the residual stream between attention and MLP.
  at::Tensor finish(const at::Tensor& hidden, const at::Tensor& attended, const Modulation& modulation,
                    const std::function<void(const at::Tensor&)>& show) const;

 private:
  std::int64_t head_dim_;
  Share heads_;
  Linear norm1_linear_;
  parallel::ColumnParallelLinear to_q_;
  parallel::ColumnParallelLinear to_k_;
  parallel::ColumnParallelLinear to_v_;
  at::Tensor norm_q_;
  at::Tensor norm_k_;
  parallel::RowParallelLinear to_out_;
  FeedForward ff_;
};

/// Reference: HunyuanVideo15TransformerBlock with HunyuanVideo15AttnProcessor2_0 (diffusers 0.42).  RoPE is
/// applied to video tokens only.  `tensor` shares out heads and the MLP's width; the modulations,
/// one vector's work, are computed on every rank.
class TransformerBlock {
 public:
  TransformerBlock(const checkpoint::Parameters& parameters, std::int64_t heads, std::int64_t head_dim,
                   double mlp_ratio, const parallel::TensorParallel& tensor);
  /// hidden: this rank's video tokens [1, S_local, D]; condition: all condition tokens [1, T, D] -> the same
  /// shapes, in new tensors.  `layer`: the block's number, for observers.
  std::pair<at::Tensor, at::Tensor> operator()(const at::Tensor& hidden, const at::Tensor& condition,
                                               const BlockInputs& inputs,
                                               const parallel::SequenceParallel& sequence, std::int64_t layer,
                                               Probe& probe) const;

 private:
  BlockStream video_;
  BlockStream condition_;
};

}  // namespace isoframe::model::transformer
