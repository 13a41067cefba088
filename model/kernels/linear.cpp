#include "model/kernels/linear.h"

#include <ATen/ATen.h>

namespace isoframe::model::kernels {

namespace {
constexpr std::int64_t kFewestRows = 4;
}

at::Tensor linear(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias) {
  const std::int64_t features = weight.size(1);
  const std::int64_t rows = input.numel() / features;
  std::vector<std::int64_t> shape = input.sizes().vec();
  shape.back() = weight.size(0);
  // Two contiguous dimensions whatever the caller's strides: for others ATen adds the bias in a step of its
  // own.
  const at::Tensor matrix = input.reshape({rows, features}).contiguous();
  if (rows >= kFewestRows || rows == 0) return at::linear(matrix, weight, bias).view(shape);
  const at::Tensor padded = at::constant_pad_nd(matrix, {0, 0, 0, kFewestRows - rows});
  return at::linear(padded, weight, bias).narrow(0, 0, rows).reshape(shape);
}

}  // namespace isoframe::model::kernels
