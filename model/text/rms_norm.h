#pragma once

#include <ATen/core/Tensor.h>

namespace isoframe::model::text {

/// Root mean square norm (arXiv:1910.07467) as both text encoders use it: x / sqrt(mean(x^2) + eps) * weight
/// along the last dimension; computed in float32, rounded to the weight's type before the multiplication.
/// Reference: Qwen2_5_VLRMSNorm, T5LayerNorm (transformers 5.23).
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

}  // namespace isoframe::model::text
