#include "model/kernels/linear.h"

#include <algorithm>

#include <ATen/ATen.h>

namespace isoframe::model::kernels {

namespace {

// MKL's single-precision product changes its order of summation with the shape in these cases (measured with
// 1 and 2 threads, 80,000 splits): fewer than kFewestRows rows, and, with several threads, sums of about 1024
// terms and more; fewer than 4 columns on Intel's AVX-512 processors, columns that are no multiple of
// kColumnMultiple on AMD's.
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
  const std::int64_t computed = padded_columns(columns);
  if (columns == computed) return product(matrix, weight, bias).narrow(0, 0, rows).view(shape);
  const at::Tensor padded_bias =
      bias.defined() ? at::constant_pad_nd(bias, {0, computed - columns}) : at::Tensor();
  return product(matrix, pad_rows(weight, computed), padded_bias)
      .narrow(0, 0, rows)
      .narrow(1, 0, columns)
      .contiguous()
      .view(shape);
}

}  // namespace isoframe::model::kernels
