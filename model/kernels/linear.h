#pragma once
// A linear layer whose rows do not depend on how many others are computed with them.

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// input [..., in] x weight [out, in] + bias [out] (may be undefined) -> [..., out].
/// The CPU's matrix products choose their order of summation by the number of rows: float32 inputs are padded
/// to 16 rows and long sums split so that it stays the same.  A shard of 2 tokens equals the same 2 tokens of
/// the whole sequence.  Half types on the CPU are multiplied in float32 and rounded once, as their own
/// products do; without instructions for them that is also 4 to 8 times faster (measured on AVX-512).
at::Tensor linear(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace isoframe::model::kernels
