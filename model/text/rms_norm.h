#pragma once
// Root mean square norm (arXiv:1910.07467) as both text encoders use it.

#include <ATen/ATen.h>

namespace isoframe::model::text {

/// x / sqrt(mean(x^2) + eps) * weight along the last dimension; computed in float32, rounded to the weight's
/// type before the multiplication.  Reference: Qwen2_5_VLRMSNorm, T5LayerNorm (transformers 5.23).
inline at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor wide = x.to(at::kFloat);
  const at::Tensor scale = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps);
  return weight * (wide * scale).to(weight.scalar_type());
}

}  // namespace isoframe::model::text
