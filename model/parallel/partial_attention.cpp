#include "model/parallel/partial_attention.h"

#include <ATen/ATen.h>
#include <ATen/OpMathType.h>

#include "model/kernels/attention.h"
#include "model/kernels/merge_softmax.h"

namespace isoframe::model::parallel {

PartialAttention attend_part(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  const at::ScalarType precise = at::toOpMathType(query.scalar_type());
  // The kernel divides by the number of queries.
  if (query.size(2) == 0) {
    return {query.to(precise), at::empty(query.sizes().slice(0, 3), query.options().dtype(precise))};
  }
  const auto [output, lse] = kernels::attention_with_lse(query, key, value);
  return {output.to(precise).contiguous(), lse.contiguous()};
}

void merge_part(PartialAttention& whole, const PartialAttention& part) {
  kernels::merge_softmax_(whole.output, whole.lse, part.output, part.lse);
}

}  // namespace isoframe::model::parallel
