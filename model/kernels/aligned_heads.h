#pragma once
// What attention reads, where every head begins as every other does.

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// [B, heads, L, head_dim] as it is, where all heads and tokens begin at a multiple of 16 bytes; else a copy
/// whose heads do.  MKL's products for AMD's processors add in another order for other addresses (measured on
/// Zen 4: head sizes that are no multiple of 4 floats, odd heads of odd lengths), and which address a head
/// has depends on how many a rank holds.  Published head sizes are never copied.
at::Tensor aligned_heads(const at::Tensor& x);

}  // namespace isoframe::model::kernels
