#include "model/kernels/linear.h"

#include <ATen/ATen.h>

namespace isoframe::model::kernels {

namespace {
constexpr std::int64_t kFewestRows = 4;
}

at::Tensor linear(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias) {
  const std::int64_t features = input.size(-1);
  const std::int64_t rows = features == 0 ? 0 : input.numel() / features;
  if (rows >= kFewestRows || rows == 0) return at::linear(input, weight, bias);
  const at::Tensor padded = at::constant_pad_nd(input.reshape({rows, features}), {0, 0, 0, kFewestRows - rows});
  std::vector<std::int64_t> shape = input.sizes().vec();
  shape.back() = weight.size(0);
  return at::linear(padded, weight, bias).narrow(0, 0, rows).reshape(shape);
}

}  // namespace isoframe::model::kernels
