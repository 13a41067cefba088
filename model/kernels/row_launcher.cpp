#include "model/kernels/row_launcher.h"

#include <algorithm>
#include <array>
#include <optional>

#include <ATen/ATen.h>

namespace isoframe::model::kernels {

namespace {

/// Launchers by type of device.
auto& launchers() {
  static std::array<RowLauncher, c10::COMPILE_TIME_MAX_DEVICE_TYPES> all = [] {
    std::array<RowLauncher, c10::COMPILE_TIME_MAX_DEVICE_TYPES> built_in{};
    built_in[static_cast<std::size_t>(c10::kCUDA)] = cuda_row_launcher();
    return built_in;
  }();
  return all;
}

RowLauncher& launcher_of(c10::DeviceType type) { return launchers().at(static_cast<std::size_t>(type)); }

std::optional<Numbers> numbers_of(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return Numbers::kFloat;
    case at::kHalf:
      return Numbers::kHalf;
    case at::kBFloat16:
      return Numbers::kBFloat16;
    default:
      return std::nullopt;
  }
}

}  // namespace

void set_row_launcher(c10::DeviceType type, RowLauncher launcher) { launcher_of(type) = launcher; }

bool has_row_kernels(std::initializer_list<at::Tensor> tensors) {
  const at::Tensor& first = *tensors.begin();
  if (launcher_of(first.device().type()) == nullptr || !numbers_of(first)) return false;
  return std::all_of(tensors.begin(), tensors.end(), [&](const at::Tensor& tensor) {
    return tensor.device() == first.device() && tensor.scalar_type() == first.scalar_type() &&
           tensor.is_contiguous() &&
           reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr()) % kAlignment == 0;
  });
}

void launch(const RowKernel& kernel, const at::Tensor& tensor) {
  launcher_of(tensor.device().type())(kernel, numbers_of(tensor).value(), tensor.device());
}

}  // namespace isoframe::model::kernels
