#pragma once
// A linear layer whose rows do not depend on how many others are computed with them.

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// input [..., in] x weight [out, in] + bias [out] (may be undefined) -> [..., out].
/// A matrix product of fewer than 4 rows takes another kernel on a CPU and gives other bits, so such inputs are padded
/// to 4 rows: a shard of 2 tokens equals the same 2 tokens of the whole sequence.
at::Tensor linear(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace isoframe::model::kernels
