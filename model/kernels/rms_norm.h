#pragma once
// RMS norm of query and key heads, alone or with the rotary embedding in the same pass.

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// Rotation angles of video tokens: cosine and sine, each [S, head_dim / 2], float32, one a pair of channels.
struct Rotary {
  at::Tensor cos;
  at::Tensor sin;
};

/// x / sqrt(mean(x^2) + eps) * weight along the last dimension, in place.  x: [B, S, heads, head_dim],
/// contiguous; weight: [head_dim].  Reference: RMSNorm (diffusers 0.42).
void rms_norm_(const at::Tensor& x, const at::Tensor& weight, double eps);

/// The same, then each pair of neighbouring channels turned by its token's angle: (a, b) -> (a cos - b sin,
/// b cos + a sin).  Reference: RMSNorm, then apply_rotary_emb with use_real_unbind_dim=-1.
void rms_norm_rotary_(const at::Tensor& x, const at::Tensor& weight, double eps, const Rotary& rotary);

}  // namespace isoframe::model::kernels
