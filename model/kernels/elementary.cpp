#include "model/kernels/elementary.h"

#include <ATen/ATen.h>

namespace isoframe::model::kernels {

namespace {

template <at::Tensor (*function)(const at::Tensor&)>
at::Tensor settled(const at::Tensor& x) {
  if (x.is_cpu()) {
    // MKL has an implementation for each of these two types; half types are computed as float.
    [[maybe_unused]] static const bool chosen = [] {
      for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) function(at::ones({1}, dtype));
      return true;
    }();
  }
  return function(x);
}

}  // namespace

at::Tensor exp(const at::Tensor& x) { return settled<at::exp>(x); }
at::Tensor log(const at::Tensor& x) { return settled<at::log>(x); }
at::Tensor sin(const at::Tensor& x) { return settled<at::sin>(x); }
at::Tensor cos(const at::Tensor& x) { return settled<at::cos>(x); }

}  // namespace isoframe::model::kernels
