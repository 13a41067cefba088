#pragma once
// One softmax out of two over different keys.

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// output: [..., S, head_dim], lse: [..., S] (log-sum-exp of its scores); part_output and part_lse likewise,
/// over other keys.  In place, `output` and `lse` become those of one softmax over both.  A part_lse of minus
/// infinity adds nothing.  All of one floating-point dtype, output and lse contiguous.
void merge_softmax_(const at::Tensor& output, const at::Tensor& lse, const at::Tensor& part_output,
                    const at::Tensor& part_lse);

}  // namespace isoframe::model::kernels
