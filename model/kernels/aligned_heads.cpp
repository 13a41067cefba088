#include "model/kernels/aligned_heads.h"

#include <ATen/ATen.h>

namespace isoframe::model::kernels {

namespace {

bool is_aligned(const at::Tensor& x) {
  const auto is_multiple = [](std::int64_t bytes) { return bytes % kHeadAlignment == 0; };
  const auto size = static_cast<std::int64_t>(x.element_size());
  return x.stride(3) == 1 && is_multiple(static_cast<std::int64_t>(x.storage_offset()) * size) &&
         is_multiple(x.stride(0) * size) && is_multiple(x.stride(1) * size) &&
         is_multiple(x.stride(2) * size);
}

}  // namespace

at::Tensor aligned_heads(const at::Tensor& x) {
  if (!x.device().is_cpu() || is_aligned(x)) return x;
  at::Tensor copy = at::empty({x.size(0), x.size(1), aligned_tokens(x.size(2)), x.size(3)}, x.options())
                        .narrow(2, 0, x.size(2));
  copy.copy_(x);
  return copy;
}

}  // namespace isoframe::model::kernels
