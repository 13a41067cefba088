#pragma once
// Activations whose elements do not depend on where they lie in the tensor.
//
// Not spelt silu_: a call without namespace would find at::silu_ by its argument.

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// x * sigmoid(x), in place.  Reference: torch.nn.SiLU.
void silu_in_place(const at::Tensor& x);

/// 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), in place.  Reference: torch.nn.GELU(approximate="tanh").
void gelu_tanh_in_place(const at::Tensor& x);

// Both: contiguous tensors of float32 and of half types take a kernel, computed in float32, that gives an
// element the same bits in every tensor and at every position; ATen's own do so only where rows are a
// multiple of 64.  Other tensors go through ATen.

}  // namespace isoframe::model::kernels
