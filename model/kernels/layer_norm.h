#pragma once
// Layer norm with the modulation of adaptive layer norm, in one pass over the rows.

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// (x - mean) / sqrt(variance + eps) * (1 + scale) + shift along the last dimension.
/// x: [..., D]; scale, shift: D elements of the same dtype -> the shape of x.  A row's bits depend on that
/// row alone. Reference: LayerNorm without affine, then AdaLayerNormZero / AdaLayerNormContinuous (diffusers
/// 0.42).
at::Tensor layer_norm_modulate(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                               double eps);

}  // namespace isoframe::model::kernels
