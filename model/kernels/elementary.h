#pragma once
// Elementary functions of whole tensors.  The model calls these, never at::exp() and the like.
//
// On a CPU ATen hands these to MKL's vector math, a chunk to each thread, and MKL 2024.2, which LibTorch
// carries, chooses a function's implementation on that function's first call without a lock: where several
// threads make that call, one of them may compute its whole chunk with a fast implementation of half the
// digits (https://github.com/pytorch/pytorch/issues/188792).  A process's first frames would then differ from
// its second by thousands of ulps, now and then.  Here one thread makes each function's first call, on one
// element.

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// Like ATen's functions of the same names: the shape and dtype of x, on x's device.
at::Tensor exp(const at::Tensor& x);
at::Tensor log(const at::Tensor& x);
at::Tensor sin(const at::Tensor& x);
at::Tensor cos(const at::Tensor& x);

}  // namespace isoframe::model::kernels
