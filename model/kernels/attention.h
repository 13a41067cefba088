#pragma once
// Scaled dot-product attention whose bits for a head do not depend on how many heads a rank holds.

#include <optional>
#include <utility>

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

struct AttentionOptions {
  at::Tensor bias = {};    ///< added to the scores, broadcast to [B, heads, S, K]; undefined for none
  bool is_causal = false;  ///< query i sees keys 0 to i alone
  std::optional<double> scale = std::nullopt;  ///< of the scores; 1 / sqrt(head_dim) unless told
};

/// query: [B, heads, S, head_dim]; key, value: [B, heads, K, head_dim].  Returns [B, heads, S, head_dim].
/// at::scaled_dot_product_attention on heads that all begin alike (aligned_heads.h).
at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const AttentionOptions& options = {});

/// The same, with the log-sum-exp of each query's scaled scores, [B, heads, S], in the type that sums are
/// taken in.  The output of half types is float32 too, except by a GPU's flash attention, which rounds it.  S
/// and K at least 1.
std::pair<at::Tensor, at::Tensor> attention_with_lse(const at::Tensor& query, const at::Tensor& key,
                                                     const at::Tensor& value);

}  // namespace isoframe::model::kernels
