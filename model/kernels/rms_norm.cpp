#include "model/kernels/rms_norm.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>

#include "model/kernels/half.h"
#include "model/kernels/row_launcher.h"
#include "model/kernels/row_sum.h"
#include "model/kernels/vectorize.h"

namespace isoframe::model::kernels {

namespace {

constexpr std::int64_t kElementsPerTask = 16384;

ISOFRAME_VECTORIZED void norm_heads(float* __restrict x, const float* weight, float eps, std::int64_t heads,
                                    std::int64_t head_dim) {
  for (std::int64_t head = 0; head < heads; ++head, x += head_dim) {
    const float squares = row_sum(head_dim, [&](std::int64_t i) { return x[i] * x[i]; });
    const float inverse = 1.0F / std::sqrt(squares / static_cast<float>(head_dim) + eps);
    for (std::int64_t i = 0; i < head_dim; ++i) x[i] = x[i] * inverse * weight[i];
  }
}

ISOFRAME_VECTORIZED void rotate_heads(float* __restrict x, const float* cos, const float* sin,
                                      std::int64_t heads, std::int64_t head_dim) {
  for (std::int64_t head = 0; head < heads; ++head, x += head_dim) {
    for (std::int64_t pair = 0; pair < head_dim / 2; ++pair) {
      const float a = x[2 * pair];
      const float b = x[2 * pair + 1];
      x[2 * pair] = a * cos[pair] - b * sin[pair];
      x[2 * pair + 1] = b * cos[pair] + a * sin[pair];
    }
  }
}

// Computes in the reference's order of dtypes: the square in float32 (of float64 in float64), the product
// rounded before the weight.
at::Tensor rms_norm_by_parts(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor variance = x.to(at::toOpMathType(x.scalar_type())).pow(2).mean(-1, true);
  return (x * at::rsqrt(variance + eps)).to(weight.scalar_type()) * weight;
}

/// Starts the kernel where the tensors' device has one; false where it has none.  No rotary, no turning.
bool is_launched(const at::Tensor& x, const at::Tensor& weight, double eps, const Rotary* rotary) {
  if (!has_row_kernels({x, weight})) return false;
  if (rotary && !(has_row_kernels({rotary->cos, rotary->sin}) && rotary->cos.scalar_type() == at::kFloat))
    return false;
  launch(RmsNorm{.x = x.mutable_data_ptr(),
                 .weight = weight.const_data_ptr(),
                 .cos = rotary ? rotary->cos.const_data_ptr() : nullptr,
                 .sin = rotary ? rotary->sin.const_data_ptr() : nullptr,
                 .rows = x.size(0) * x.size(1) * x.size(2),
                 .heads = x.size(2),
                 .positions = x.size(1),
                 .head_dim = x.size(3),
                 .eps = static_cast<float>(eps)},
         x);
  return true;
}

template <typename Token>
void for_each_token(const at::Tensor& x, const Token& token) {
  const std::int64_t width = x.size(2) * x.size(3);
  at::parallel_for(0, x.size(0) * x.size(1), std::max<std::int64_t>(1, kElementsPerTask / width),
                   [&](std::int64_t begin, std::int64_t end) {
                     each_rows_in_place(x, width, begin, end,
                                        [&](float* data, std::int64_t first, std::int64_t tokens) {
                                          for (std::int64_t t = 0; t < tokens; ++t)
                                            token(data + t * width, (first + t) % x.size(1));
                                        });
                   });
}

}  // namespace

void rms_norm_(const at::Tensor& x, const at::Tensor& weight, double eps) {
  if (is_launched(x, weight, eps, nullptr)) return;
  if (!has_rows(x)) {
    x.copy_(rms_norm_by_parts(x, weight, eps));
    return;
  }
  const at::Tensor gains = wide_vector(weight);
  for_each_token(x, [&](float* heads, std::int64_t) {
    norm_heads(heads, gains.const_data_ptr<float>(), static_cast<float>(eps), x.size(2), x.size(3));
  });
}

void rms_norm_rotary_(const at::Tensor& x, const at::Tensor& weight, double eps, const Rotary& rotary) {
  if (is_launched(x, weight, eps, &rotary)) return;
  if (!has_rows(x)) {
    const at::Tensor normed =
        rms_norm_by_parts(x, weight, eps).to(at::toOpMathType(x.scalar_type())).unflatten(-1, {-1, 2});
    const at::Tensor cos = rotary.cos.unsqueeze(1);
    const at::Tensor sin = rotary.sin.unsqueeze(1);
    const at::Tensor a = normed.select(-1, 0);
    const at::Tensor b = normed.select(-1, 1);
    x.copy_(at::stack({a * cos - b * sin, b * cos + a * sin}, -1).flatten(-2));
    return;
  }
  const std::int64_t pairs = x.size(3) / 2;
  const at::Tensor cosines = rotary.cos.contiguous();
  const at::Tensor sines = rotary.sin.contiguous();
  const at::Tensor gains = wide_vector(weight);
  const float* const cos = cosines.const_data_ptr<float>();
  const float* const sin = sines.const_data_ptr<float>();
  for_each_token(x, [&](float* heads, std::int64_t position) {
    norm_heads(heads, gains.const_data_ptr<float>(), static_cast<float>(eps), x.size(2), x.size(3));
    rotate_heads(heads, cos + position * pairs, sin + position * pairs, x.size(2), x.size(3));
  });
}

}  // namespace isoframe::model::kernels
