#pragma once
// RMS norm over channels and what follows it in the VAE, in one pass over channels-last data.
// Volumes are [F, H, W, C], contiguous.

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// x / max(||x||_2 over channels, 1e-12) * sqrt(C) * gamma; in float32 for half types.  gamma: [C].
/// Reference: HunyuanVideo15RMS_norm (diffusers 0.42).
at::Tensor channel_rms_norm(const at::Tensor& x, const at::Tensor& gamma);

/// The padding of a causal 3 x 3 x 3 convolution: borders repeated, 1 on each side of H and W, 2 before F.
/// x: [F, H, W, C] -> [F + 2, H + 2, W + 2, C], on the CPU in the type in which the convolution multiplies
/// (arithmetic_type): half types are widened here, on the way.  Reference: HunyuanVideo15CausalConv3d
/// (diffusers 0.42).
at::Tensor causal_pad(const at::Tensor& x);

/// causal_pad(silu(channel_rms_norm(x, gamma))), each position computed once and stored where the next
/// convolution reads it.
at::Tensor channel_rms_norm_silu_causal_pad(const at::Tensor& x, const at::Tensor& gamma);

// All three give a position the same bits wherever it lies in the volume.

}  // namespace isoframe::model::kernels
