#include "model/kernels/layer_norm.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "model/kernels/half.h"
#include "model/kernels/row_launcher.h"
#include "model/kernels/row_sum.h"
#include "model/kernels/vectorize.h"

namespace isoframe::model::kernels {

namespace {

constexpr std::int64_t kElementsPerTask = 16384;

ISOFRAME_VECTORIZED void rows_kernel(const float* x, const float* scale, const float* shift, float eps,
                                     float* __restrict out, std::int64_t rows, std::int64_t features) {
  const float n = static_cast<float>(features);
  for (std::int64_t row = 0; row < rows; ++row, x += features, out += features) {
    const float mean = row_sum(features, [&](std::int64_t i) { return x[i]; }) / n;
    const float variance =
        row_sum(features, [&](std::int64_t i) { return (x[i] - mean) * (x[i] - mean); }) / n;
    const float inverse = 1.0F / std::sqrt(variance + eps);
    for (std::int64_t i = 0; i < features; ++i) {
      out[i] = (x[i] - mean) * inverse * (1.0F + scale[i]) + shift[i];
    }
  }
}

}  // namespace

at::Tensor layer_norm_modulate(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                               double eps) {
  const std::int64_t features = x.size(-1);
  const at::Tensor input = x.contiguous();
  if (has_row_kernels({input, scale, shift})) {
    at::Tensor out = at::empty_like(input);
    launch(LayerNormModulate{.x = input.const_data_ptr(),
                             .scale = scale.const_data_ptr(),
                             .shift = shift.const_data_ptr(),
                             .out = out.mutable_data_ptr(),
                             .rows = input.numel() / features,
                             .features = features,
                             .eps = static_cast<float>(eps)},
           input);
    return out;
  }
  if (!has_rows(input)) {
    return at::layer_norm(x, {features}, {}, {}, eps) * (1 + scale.reshape({features})) +
           shift.reshape({features});
  }
  const at::Tensor scales = wide_vector(scale);
  const at::Tensor shifts = wide_vector(shift);
  at::Tensor out = at::empty_like(input);
  at::parallel_for(0, input.numel() / features, std::max<std::int64_t>(1, kElementsPerTask / features),
                   [&](std::int64_t begin, std::int64_t end) {
                     each_rows(input, out, features, begin, end,
                               [&](const float* from, float* to, std::int64_t, std::int64_t rows) {
                                 rows_kernel(from, scales.const_data_ptr<float>(),
                                             shifts.const_data_ptr<float>(), static_cast<float>(eps), to,
                                             rows, features);
                               });
                   });
  return out;
}

}  // namespace isoframe::model::kernels
