#pragma once
// The gated residual of adaptive layer norm, in one pass.

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// x + branch * gate.  x, branch: [..., D]; gate: D elements of the same dtype.
at::Tensor gated_residual(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& gate);

/// The same, written into x.
void gated_residual_(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& gate);

}  // namespace isoframe::model::kernels
