#pragma once
// A linear layer whose rows and columns do not depend on how many others are computed with them.

#include <algorithm>
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// Padding on the CPU: the fewest rows of a matrix, and the number whose multiple the columns of weights are.
inline constexpr std::int64_t kFewestRows = 16;
inline constexpr std::int64_t kColumnMultiple = 16;
constexpr std::int64_t padded_columns(std::int64_t columns) {
  return (columns + kColumnMultiple - 1) / kColumnMultiple * kColumnMultiple;
}

/// Terms of a sum on the CPU that are added up at a time.
inline constexpr std::int64_t kLongestSum = 512;
/// Numbers of a panel of widened weights at most: 1 MiB, half of a second-level cache.
inline constexpr std::int64_t kPanelNumbers = std::int64_t{1} << 18U;
/// Numbers of the largest panel of a layer.
constexpr std::int64_t panel_numbers(std::int64_t in, std::int64_t out) {
  const std::int64_t terms = std::min(in, kLongestSum);
  return std::min(padded_columns(out), padded_columns(kPanelNumbers / terms)) * terms;
}

/// input [..., in] x weight [out, in] + bias [out] (may be undefined) -> [..., out].
/// The CPU's matrix products choose their order of summation by the shape: operands are padded and long sums
/// split so that it stays the same.  A shard of 2 tokens equals the same 2 tokens of the whole sequence, and
/// a shard of the columns those columns of the whole.  Half types on the CPU are multiplied in their
/// arithmetic_type and rounded once; float32 takes weights of a half type too, and widens them a panel at a
/// time.  Other devices take the operands as they are.
at::Tensor linear(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace isoframe::model::kernels
