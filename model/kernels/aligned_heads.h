#pragma once
// Heads for attention to read, each of which begins at the same alignment.

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// [B, heads, L, head_dim] as it is, where all heads and tokens begin at a multiple of 16 bytes; else a copy
/// whose heads do.  MKL's products for AMD's processors add in another order for other addresses (measured on
/// Zen 4: head sizes that are no multiple of 4 floats, odd heads of odd lengths), and which address a head
/// has depends on how many a rank holds.  Published head sizes are never copied.
at::Tensor aligned_heads(const at::Tensor& x);

inline constexpr std::int64_t kHeadAlignment = 16;  ///< bytes

/// The least number of tokens from `tokens` on with which a head of any size ends at a multiple of the
/// alignment.
constexpr std::int64_t aligned_tokens(std::int64_t tokens) {
  return (tokens + kHeadAlignment - 1) / kHeadAlignment * kHeadAlignment;
}

/// Numbers in such a copy of one head on a CPU; 0 where its size needs none.
constexpr std::int64_t numbers_copied(std::int64_t tokens, std::int64_t head_dim,
                                      std::int64_t element_bytes) {
  return head_dim * element_bytes % kHeadAlignment == 0 ? 0 : aligned_tokens(tokens) * head_dim;
}

}  // namespace isoframe::model::kernels
