#include "model/kernels/linear.h"

#include <algorithm>

#include <ATen/ATen.h>

namespace isoframe::model::kernels {

namespace {

// Where MKL's single-precision product changes its order of summation with the number of rows (measured on
// AVX-512 processors, 1 and 2 threads, 68,000 splits): fewer than 16 rows, fewer than 4 columns, and, with
// several threads, sums of about 1024 terms and more.
constexpr std::int64_t kFewestRows = 16;
constexpr std::int64_t kFewestColumns = 4;
constexpr std::int64_t kLongestSum = 512;

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

bool is_half_on_cpu(const at::Tensor& input) {
  return input.device().is_cpu() && at::isReducedFloatingType(input.scalar_type());
}

at::Tensor widened(const at::Tensor& tensor) { return tensor.defined() ? tensor.to(at::kFloat) : tensor; }

}  // namespace

at::Tensor linear(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias) {
  if (is_half_on_cpu(input))
    return linear(widened(input), widened(weight), widened(bias)).to(input.scalar_type());
  const std::int64_t features = weight.size(1);
  const std::int64_t columns = weight.size(0);
  const std::int64_t rows = input.numel() / features;
  std::vector<std::int64_t> shape = input.sizes().vec();
  shape.back() = columns;
  if (rows == 0) return at::empty(shape, input.options());

  // Two contiguous dimensions whatever the caller's strides: for others ATen adds the bias in a step of its
  // own.
  const at::Tensor matrix = pad_rows(input.reshape({rows, features}).contiguous(), kFewestRows);
  if (columns >= kFewestColumns) return product(matrix, weight, bias).narrow(0, 0, rows).view(shape);
  const at::Tensor padded_bias =
      bias.defined() ? at::constant_pad_nd(bias, {0, kFewestColumns - columns}) : at::Tensor();
  return product(matrix, pad_rows(weight, kFewestColumns), padded_bias)
      .narrow(0, 0, rows)
      .narrow(1, 0, columns)
      .reshape(shape);
}

}  // namespace isoframe::model::kernels
