#include "model/text/rms_norm.h"

#include <ATen/ATen.h>

namespace isoframe::model::text {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor wide = x.to(at::kFloat);
  const at::Tensor scale = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps);
  return weight * (wide * scale).to(weight.scalar_type());
}

}  // namespace isoframe::model::text
