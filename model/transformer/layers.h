#pragma once
// The plain layers that the transformer's parts are made of.  Members carry the checkpoint's names.

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/parameters.h"
#include "model/parallel/linear.h"

namespace isoframe::model::transformer {

/// [..., in] -> [..., out].  Reference: torch.nn.Linear.
struct Linear {
  Linear(const checkpoint::Parameters& parameters, std::int64_t in, std::int64_t out);
  at::Tensor operator()(const at::Tensor& input) const;

  at::Tensor weight;  ///< [out, in]
  at::Tensor bias;    ///< [out]
};

/// Layer norm over the last dimension with weight and bias.  Reference: torch.nn.LayerNorm.
struct LayerNorm {
  LayerNorm(const checkpoint::Parameters& parameters, std::int64_t features, double eps);
  at::Tensor operator()(const at::Tensor& input) const;

  at::Tensor weight;
  at::Tensor bias;
  double eps;
};

enum class Activation { kSilu, kGeluTanh };

/// Two linear layers with an activation between, the width between them shared out over `tensor`.
/// [..., D] -> [..., D].
/// Reference: FeedForward with activation_fn "linear-silu" or "gelu-approximate" (diffusers 0.42).
struct FeedForward {
  FeedForward(const checkpoint::Parameters& parameters, std::int64_t features, double mlp_ratio,
              Activation activation, const parallel::TensorParallel& tensor);
  at::Tensor operator()(const at::Tensor& input) const;

  parallel::ColumnParallelLinear net_0_proj;
  parallel::RowParallelLinear net_2;
  Activation activation;
};

/// Linear, SiLU, linear, for the few vectors of a step's conditioning.  [..., in] -> [..., D].
/// Reference: TimestepEmbedding and PixArtAlphaTextProjection (diffusers 0.42).
struct SiluMlp {
  SiluMlp(const checkpoint::Parameters& parameters, std::int64_t in, std::int64_t features);
  at::Tensor operator()(const at::Tensor& input) const;

  Linear linear_1;
  Linear linear_2;
};

}  // namespace isoframe::model::transformer
