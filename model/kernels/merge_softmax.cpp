#include "model/kernels/merge_softmax.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "model/kernels/row_launcher.h"
#include "model/kernels/vectorize.h"

namespace isoframe::model::kernels {

namespace {

constexpr std::int64_t kElementsPerTask = 16384;

ISOFRAME_VECTORIZED void merge_row(float* __restrict output, const float* part, float share,
                                   std::int64_t head_dim) {
  for (std::int64_t i = 0; i < head_dim; ++i) output[i] += share * (part[i] - output[i]);
}

void merge_by_parts(const at::Tensor& output, const at::Tensor& lse, const at::Tensor& part_output,
                    const at::Tensor& part_lse) {
  output.lerp_(part_output, at::sigmoid(part_lse - lse).unsqueeze(-1));
  lse.copy_(at::logaddexp(lse, part_lse));
}

}  // namespace

void merge_softmax_(const at::Tensor& output, const at::Tensor& lse, const at::Tensor& part_output,
                    const at::Tensor& part_lse) {
  if (has_row_kernels({output, lse, part_output, part_lse})) {
    launch(MergeSoftmax{.output = output.mutable_data_ptr(),
                        .lse = lse.mutable_data_ptr(),
                        .part = part_output.const_data_ptr(),
                        .part_lse = part_lse.const_data_ptr(),
                        .rows = lse.numel(),
                        .head_dim = output.size(-1)},
           output);
    return;
  }
  if (!output.device().is_cpu() || output.scalar_type() != at::kFloat) {
    merge_by_parts(output, lse, part_output, part_lse);
    return;
  }
  const at::Tensor parts = part_output.contiguous();
  const at::Tensor part_lses = part_lse.contiguous();
  const std::int64_t head_dim = output.size(-1);
  float* const to = output.data_ptr<float>();
  float* const sums = lse.data_ptr<float>();
  const float* const from = parts.const_data_ptr<float>();
  const float* const part_sums = part_lses.const_data_ptr<float>();
  at::parallel_for(
      0, lse.numel(), std::max<std::int64_t>(1, kElementsPerTask / head_dim),
      [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end; ++row) {
          // The difference is taken first, so that large log-sum-exps lose nothing.
          const float ahead = sums[row] - part_sums[row];
          merge_row(to + row * head_dim, from + row * head_dim, 1.0F / (1.0F + std::exp(ahead)), head_dim);
          sums[row] = std::max(sums[row], part_sums[row]) + std::log1p(std::exp(-std::abs(ahead)));
        }
      });
}

}  // namespace isoframe::model::kernels
