#include "model/kernels/linear.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "model/kernels/half.h"

namespace isoframe::model::kernels {

namespace {

// MKL's single-precision product changes its order of summation with the shape in these cases (measured with
// 1 and 2 threads, 80,000 splits): fewer than kFewestRows rows, and, with several threads, sums of about 1024
// terms and more, twice kLongestSum; fewer than 4 columns on Intel's AVX-512 processors, columns that are no
// multiple of kColumnMultiple on AMD's.

at::Tensor pad_rows(const at::Tensor& matrix, std::int64_t rows) {
  return matrix.size(0) < rows ? at::constant_pad_nd(matrix, {0, 0, 0, rows - matrix.size(0)}) : matrix;
}

at::Tensor product(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias) {
  const std::int64_t features = weight.size(1);
  if (features <= kLongestSum || input.scalar_type() != at::kFloat) return at::linear(input, weight, bias);
  at::Tensor sum = at::linear(input.narrow(1, 0, kLongestSum), weight.narrow(1, 0, kLongestSum), bias);
  for (std::int64_t begin = kLongestSum; begin < features; begin += kLongestSum) {
    const std::int64_t length = std::min(kLongestSum, features - begin);
    sum.addmm_(input.narrow(1, begin, length), weight.narrow(1, begin, length).t());
  }
  return sum;
}

// The weights [N, K] of a panel of a product, from a half type into float32; further rows are 0.
void widen_panel(const at::Tensor& weight, std::int64_t column, std::int64_t term, const at::Tensor& panel) {
  const std::int64_t terms = panel.size(1);
  const std::int64_t columns = std::min(panel.size(0), weight.size(0) - column);
  float* const to = panel.mutable_data_ptr<float>();
  at::parallel_for(0, columns, std::max<std::int64_t>(1, kPanelNumbers / 8 / terms),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t row = begin; row < end; ++row)
                       widen(weight, (column + row) * weight.size(1) + term, terms, to + row * terms);
                   });
  std::fill(to + columns * terms, to + panel.numel(), 0.0F);
}

// Each panel is multiplied while the widened weights are still in the second-level cache, and there is never
// memory for more than one.
at::Tensor widened_product(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias) {
  const std::int64_t features = weight.size(1);
  const std::int64_t columns = padded_columns(weight.size(0));
  const at::Tensor sum = at::empty({input.size(0), columns}, input.options());
  if (bias.defined()) {
    sum.narrow(1, 0, weight.size(0)).copy_(bias);
    sum.slice(1, weight.size(0)).zero_();
  }
  const at::Tensor storage = at::empty({panel_numbers(features, columns)}, input.options());
  const std::int64_t panel_columns = storage.numel() / std::min(features, kLongestSum);
  for (std::int64_t column = 0; column < columns; column += panel_columns) {
    at::Tensor part = sum.narrow(1, column, std::min(panel_columns, columns - column));
    for (std::int64_t term = 0; term < features; term += kLongestSum) {
      const std::int64_t terms = std::min(kLongestSum, features - term);
      const at::Tensor panel = storage.narrow(0, 0, part.size(1) * terms).view({part.size(1), terms});
      widen_panel(weight, column, term, panel);
      const at::Tensor operand = input.narrow(1, term, terms);
      if (term == 0 && !bias.defined()) {
        at::mm_out(part, operand, panel.t());
      } else {
        part.addmm_(operand, panel.t());
      }
    }
  }
  return sum;
}

}  // namespace

at::Tensor linear(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias) {
  const std::int64_t features = weight.size(1);
  const std::int64_t columns = weight.size(0);
  const std::int64_t rows = input.numel() / features;
  std::vector<std::int64_t> shape = input.sizes().vec();
  shape.back() = columns;
  if (rows == 0) return at::empty(shape, input.options());
  if (!input.is_cpu()) {
    const at::ScalarType type = input.scalar_type();
    return at::linear(input, weight.to(type), bias.defined() ? bias.to(type) : bias);
  }

  // Two contiguous dimensions whatever the caller's strides: for others ATen adds the bias in a step of its
  // own.
  const at::ScalarType arithmetic = arithmetic_type(input);
  const at::Tensor matrix =
      pad_rows(input.reshape({rows, features}).to(arithmetic).contiguous(), kFewestRows);
  const std::int64_t computed = padded_columns(columns);
  at::Tensor result;
  if (is_half_on_cpu(weight) && arithmetic == at::kFloat) {
    result = widened_product(matrix, weight.contiguous(), bias);
  } else if (columns == computed) {
    result = product(matrix, weight, bias);
  } else {
    result = product(matrix, pad_rows(weight, computed),
                     bias.defined() ? at::constant_pad_nd(bias, {0, computed - columns}) : at::Tensor());
  }
  return result.narrow(0, 0, rows).narrow(1, 0, columns).to(input.scalar_type()).contiguous().view(shape);
}

}  // namespace isoframe::model::kernels
