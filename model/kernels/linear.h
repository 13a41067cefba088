#pragma once
// A linear layer whose rows and columns do not depend on how many others are computed with them.

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// Padding on the CPU: the fewest rows of a matrix, and the number whose multiple the columns of weights are.
inline constexpr std::int64_t kFewestRows = 16;
inline constexpr std::int64_t kColumnMultiple = 16;
constexpr std::int64_t padded_columns(std::int64_t columns) {
  return (columns + kColumnMultiple - 1) / kColumnMultiple * kColumnMultiple;
}

/// input [..., in] x weight [out, in] + bias [out] (may be undefined) -> [..., out].
/// The CPU's matrix products choose their order of summation by the shape: operands are padded and long sums
/// split so that it stays the same.  A shard of 2 tokens equals the same 2 tokens of the whole sequence, and
/// a shard of the columns those columns of the whole.  Half types on the CPU are multiplied in float32 and
/// rounded once, as their own products do; without instructions for them that is also 4 to 8 times faster
/// (measured on AVX-512).
at::Tensor linear(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace isoframe::model::kernels
