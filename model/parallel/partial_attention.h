#pragma once
// Attention over a part of the keys, in a form that can be merged with attention over other parts.

#include <ATen/core/Tensor.h>

namespace isoframe::model::parallel {

/// The softmax over a part of the keys, and the logarithm of the sum it was divided by: what is needed to
/// weigh this part against others.  Milakov & Gimelshein 2018; Dao et al. 2022.
struct PartialAttention {
  at::Tensor output;  ///< [B, heads, S, head_dim], of the type that sums are taken in, contiguous
  at::Tensor lse;     ///< [B, heads, S], log-sum-exp of the scaled scores
};

/// Attends every query to these keys. query: [B, heads, S, head_dim]; key, value: [B, heads, K, head_dim], K
/// >= 1.
PartialAttention attend_part(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value);

/// Merges `part` into `whole`, rescaled by their log-sum-exps: the result of one softmax over both parts'
/// keys.
void merge_part(PartialAttention& whole, const PartialAttention& part);

}  // namespace isoframe::model::parallel
