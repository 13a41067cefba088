#include "seeded_parameters.h"

#include <cmath>
#include <cstdint>
#include <string_view>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

namespace isoframe::layouts {

namespace {

/// FNV-1a: std::hash may differ between libraries.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 14695981039346656037U;
  for (const char letter : text) value = (value ^ static_cast<unsigned char>(letter)) * 1099511628211U;
  return value;
}

at::Tensor make(const std::string& name, const model::checkpoint::Shape& shape) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(hash(name));
  at::Tensor values = at::empty(shape).uniform_(-1.0, 1.0, generator);
  const bool is_gain = name.ends_with("gamma") || (shape.size() == 1 && name.ends_with("weight"));
  if (is_gain) return values.mul_(0.2).add_(1.0);
  if (shape.size() == 1) return values.mul_(0.1);
  const double fan_in = static_cast<double>(values.numel()) / static_cast<double>(shape.front());
  return values.mul_(std::sqrt(3.0 / fan_in));
}

}  // namespace

at::Tensor SeededParameters::parameter(const std::string& name, const model::checkpoint::Shape& shape) {
  const std::lock_guard lock(mutex_);
  at::Tensor& tensor = made_[{name, shape}];
  if (!tensor.defined()) tensor = make(name, shape);
  return tensor;
}

}  // namespace isoframe::layouts
