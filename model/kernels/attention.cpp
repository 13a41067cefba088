#include "model/kernels/attention.h"

#include <cmath>
#include <tuple>

#include <ATen/ATen.h>

#include "model/kernels/aligned_heads.h"
#include "model/kernels/half.h"

namespace isoframe::model::kernels {

namespace {

using WithLse = std::pair<at::Tensor, at::Tensor>;

WithLse on_cpu(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  auto [output, lse] = at::_scaled_dot_product_flash_attention_for_cpu(
      aligned_heads(query), aligned_heads(key), aligned_heads(value));
  return {std::move(output), std::move(lse)};
}

/// True for the inputs of LibTorch's memory-efficient kernel: float32 rows of whole 16-byte pieces.
bool is_for_efficient_kernel(const at::Tensor& query) {
  constexpr std::int64_t kFloatsInAPiece = 4;
  return query.is_cuda() && query.scalar_type() == at::kFloat && query.size(3) % kFloatsInAPiece == 0;
}

WithLse by_efficient_kernel(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  const auto result =
      at::_scaled_dot_product_efficient_attention(query.contiguous(), key.contiguous(), value.contiguous(),
                                                  /*attn_bias=*/{}, /*compute_log_sumexp=*/true);
  // Its log-sum-exps are padded to a multiple of 32 queries.
  return {std::get<0>(result), std::get<1>(result).narrow(2, 0, query.size(2))};
}

/// True for the inputs of LibTorch's flash attention, which adds in float32.
bool is_for_flash_kernel(const at::Tensor& query) {
  constexpr std::int64_t kMostChannels = 256;
  constexpr std::int64_t kNumbersInAPiece = 8;
  return query.is_cuda() && at::isReducedFloatingType(query.scalar_type()) &&
         query.size(3) <= kMostChannels && query.size(3) % kNumbersInAPiece == 0;
}

WithLse by_flash_kernel(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  const auto result = at::_scaled_dot_product_flash_attention(query, key, value);
  return {std::get<0>(result), std::get<1>(result)};
}

/// Holds all [S, K] scores.
WithLse by_scores(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(query.size(3)));
  const at::Tensor scores = at::matmul(query * scale, key.transpose(2, 3));
  return {at::matmul(at::softmax(scores, -1), value), at::logsumexp(scores, -1)};
}

}  // namespace

at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const AttentionOptions& options) {
  if (arithmetic_type(query) != query.scalar_type()) {
    const at::Tensor bias = options.bias.defined() ? options.bias.to(at::kFloat) : options.bias;
    return attention(query.to(at::kFloat), key.to(at::kFloat), value.to(at::kFloat),
                     {.bias = bias, .is_causal = options.is_causal, .scale = options.scale})
        .to(query.scalar_type());
  }
  const std::optional<at::Tensor> bias = options.bias.defined() ? std::optional(options.bias) : std::nullopt;
  return at::scaled_dot_product_attention(aligned_heads(query), aligned_heads(key), aligned_heads(value),
                                          bias,
                                          /*dropout_p=*/0.0, options.is_causal, options.scale);
}

std::pair<at::Tensor, at::Tensor> attention_with_lse(const at::Tensor& query, const at::Tensor& key,
                                                     const at::Tensor& value) {
  if (is_for_flash_kernel(query)) return by_flash_kernel(query, key, value);
  if (at::isReducedFloatingType(query.scalar_type()))
    return attention_with_lse(query.to(at::kFloat), key.to(at::kFloat), value.to(at::kFloat));
  if (query.is_cpu()) return on_cpu(query, key, value);
  return is_for_efficient_kernel(query) ? by_efficient_kernel(query, key, value)
                                        : by_scores(query, key, value);
}

}  // namespace isoframe::model::kernels
