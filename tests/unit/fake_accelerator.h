#pragma once
// A device that is not the CPU, on machines without a GPU: LibTorch's PrivateUse1.  Its operators are the
// CPU's, but like CUDA it refuses tensors on two devices, operators that only a CPU has, and reads through a
// tensor's pointer: its addresses are the CPU's, moved to where nothing is mapped.  It has the kernels of
// model/kernels/row_kernels.h, as loops on the host, and counts what it is asked for.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/NativeFunctions.h>
#include <ATen/native/CPUFallback.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <fmt/format.h>
#include <torch/library.h>

#include "model/kernels/row_launcher.h"
#include "tests/unit/host_rows.h"

namespace isoframe::fake_accelerator {

inline c10::Device device() { return {c10::kPrivateUse1, 0}; }

/// Distance of the device's addresses from the CPU's; x86-64 and AArch64 map nothing there.
inline constexpr std::uintptr_t kFarAway = std::uintptr_t{1} << 61;
inline void* to_device(void* address) {
  return address == nullptr ? nullptr : reinterpret_cast<std::byte*>(address) + kFarAway;
}
inline void* to_host(void* address) {
  return address == nullptr ? nullptr : reinterpret_cast<std::byte*>(address) - kFarAway;
}

/// What the device was asked for by this thread.
struct Counts {
  int kernels = 0;      ///< operators that compute or copy, and row kernels
  int allocations = 0;  ///< of tensors with elements
  int waits =
      0;  ///< what would hold the CPU up until the device is done: copies from and to it, numbers read
};
inline thread_local Counts counts;

class Allocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    constexpr std::size_t kAlignment = 64;
    void* data =
        bytes == 0 ? nullptr : std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) & ~(kAlignment - 1));
    if (bytes > 0) ++counts.allocations;
    return {to_device(data), data, &std::free, device()};
  }
  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    std::memcpy(to_host(to), to_host(const_cast<void*>(from)), bytes);
  }
};
inline Allocator allocator;
REGISTER_ALLOCATOR(c10::kPrivateUse1, &allocator);

struct Guard final : c10::impl::NoOpDeviceGuardImpl<c10::kPrivateUse1> {
  c10::Device getDevice() const override { return device(); }
  c10::Device exchangeDevice(c10::Device) const override { return device(); }
  c10::Stream getStream(c10::Device) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, device());
  }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return getStream(device()); }
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

/// A CPU tensor over the same memory.
inline at::Tensor on_cpu(const at::Tensor& tensor) {
  if (!tensor.is_privateuseone()) return tensor;
  return at::from_blob(to_host(tensor.data_ptr()), tensor.sizes(), tensor.strides(),
                       tensor.options().device(c10::kCPU).pinned_memory(false));
}

inline void check_one_device(const c10::OperatorHandle& op, const at::Tensor& tensor) {
  if (tensor.defined() && tensor.is_cpu() && tensor.dim() > 0)
    throw std::runtime_error(fmt::format("{} mixes devices", op.schema().name()));
}

/// Runs an operator that only reads its arguments where they lie; LibTorch's own fallback would copy every
/// weight.
inline void run_in_place(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const std::size_t first = stack->size() - op.schema().arguments().size();
  for (std::size_t k = first; k < stack->size(); ++k) {
    c10::IValue& argument = (*stack)[k];
    if (argument.isTensor() && argument.toTensor().defined()) argument = on_cpu(argument.toTensor());
    if (argument.isDevice()) argument = c10::Device(c10::kCPU);
    if (!argument.isTensorList()) continue;
    std::vector<at::Tensor> tensors = argument.toTensorVector();
    for (at::Tensor& tensor : tensors) tensor = on_cpu(tensor);
    argument = tensors;
  }
  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
  for (std::size_t k = stack->size() - op.schema().returns().size(); k < stack->size(); ++k)
    if ((*stack)[k].isTensor()) (*stack)[k] = (*stack)[k].toTensor().to(device());
}

/// Refuses LibTorch's operators that exist on the CPU only, which their names tell.
inline void check_for_any_device(const c10::OperatorHandle& op) {
  const std::string& name = op.schema().name();
  for (const char* only : {"_for_cpu", "mkldnn"})
    if (name.find(only) != std::string::npos) throw std::runtime_error(name + " is the CPU's alone");
}

/// Counts an operator as one kernel with its results, whatever it takes to run it on the CPU.
class Asked {
 public:
  explicit Asked(const c10::OperatorHandle& op) : after_(counts) {
    ++after_.kernels;
    for (const c10::Argument& result : op.schema().returns())
      if (result.alias_info() == nullptr && result.type()->kind() == c10::TypeKind::TensorType)
        ++after_.allocations;
    if (op.schema().name() == "aten::_local_scalar_dense" || op.schema().name() == "aten::equal")
      ++after_.waits;
  }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;
  ~Asked() { counts = after_; }

 private:
  Counts after_;
};

inline void run(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  check_for_any_device(op);
  const Asked asked(op);
  bool only_reads = true;
  for (const c10::Argument& argument : op.schema().arguments())
    if (argument.alias_info() != nullptr) only_reads = false;
  for (const c10::IValue& argument : torch::jit::last(*stack, op.schema().arguments().size())) {
    if (argument.isTensor()) check_one_device(op, argument.toTensor());
    if (argument.isOptionalTensorList()) only_reads = false;
    if (argument.isTensorList())
      for (const at::Tensor& tensor : argument.toTensorVector()) check_one_device(op, tensor);
  }
  if (only_reads) return run_in_place(op, stack);
  at::native::cpu_fallback(op, stack, /*error_on_views=*/true);
}

inline at::Tensor empty(c10::IntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                        std::optional<at::Device>, std::optional<bool>,
                        std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(size, &allocator, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   c10::dtype_or_default(dtype), format);
}
inline at::Tensor empty_strided(c10::IntArrayRef size, c10::IntArrayRef stride,
                                std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                                std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(size, stride, &allocator,
                                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                           c10::dtype_or_default(dtype));
}
inline at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool) {
  ++counts.kernels;
  if (to.is_cpu() || from.is_cpu()) ++counts.waits;
  on_cpu(to).copy_(on_cpu(from));
  return to;
}
/// Copies an operator's output, which may have been empty before.
inline at::Tensor copy_back(const at::Tensor& from, const at::Tensor& to) {
  if (from.sizes() != to.sizes()) {
    const at::Tensor larger = at::empty(from.sizes(), to.options());
    to.unsafeGetTensorImpl()->set_storage_keep_dtype(larger.storage());
    to.unsafeGetTensorImpl()->set_sizes_contiguous(from.sizes());
  }
  return copy_from(from, to, /*non_blocking=*/false);
}
inline at::Tensor as_strided(const at::Tensor& self, c10::IntArrayRef size, c10::IntArrayRef stride,
                             std::optional<std::int64_t> offset) {
  return at::native::as_strided_tensorimpl(self, size, stride, offset);
}
inline at::Tensor convolution(const at::Tensor& input, const at::Tensor& weight,
                              const std::optional<at::Tensor>& bias, c10::IntArrayRef stride,
                              c10::IntArrayRef padding, c10::IntArrayRef dilation, bool transposed,
                              c10::IntArrayRef output_padding, std::int64_t groups) {
  if (!weight.is_privateuseone() || (bias && bias->defined() && !bias->is_privateuseone()))
    throw std::runtime_error("convolution mixes devices");
  return at::convolution(on_cpu(input), on_cpu(weight),
                         bias && bias->defined() ? on_cpu(*bias) : at::Tensor(), stride, padding, dilation,
                         transposed, output_padding, groups)
      .to(device());
}

/// Attention, which LibTorch would put together of eight operators for a device that it does not know; a GPU
/// has a kernel for it.
inline at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                            const std::optional<at::Tensor>& bias, double dropout, bool is_causal,
                            std::optional<double> scale, bool enable_gqa) {
  Counts after = counts;
  ++after.kernels;
  ++after.allocations;
  const at::Tensor result =
      at::scaled_dot_product_attention(on_cpu(query), on_cpu(key), on_cpu(value),
                                       bias && bias->defined() ? std::optional(on_cpu(*bias)) : std::nullopt,
                                       dropout, is_causal, scale, enable_gqa)
          .to(device());
  counts = after;
  return result;
}

/// Runs a row kernel, whose operands lie on the device.
inline void launch(const model::kernels::RowKernel& kernel, model::kernels::Numbers numbers,
                   const c10::Device&) {
  ++counts.kernels;
  model::kernels::RowKernel here = kernel;
  std::visit(
      [](auto& typed) {
        const auto move = [](auto*& address) {
          address = to_host(const_cast<void*>(static_cast<const void*>(address)));
        };
        std::apply([&](auto&... addresses) { (move(addresses), ...); }, typed.operands());
      },
      here);
  model::kernels::run_on_host(here, numbers);
}
inline const bool kHasLauncher = [] {
  model::kernels::set_row_launcher(c10::kPrivateUse1, &launch);
  return true;
}();

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&run>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", empty);
  library.impl("empty_strided", empty_strided);
  library.impl("_copy_from", copy_from);
  library.impl("_copy_from_and_resize", copy_back);
  library.impl("as_strided", as_strided);
  library.impl("view", at::native::view);
  library.impl("_reshape_alias", at::native::_reshape_alias);
  library.impl("unfold", at::native::unfold);
  library.impl("convolution_overrideable", convolution);
  library.impl("scaled_dot_product_attention", attention);
}

}  // namespace isoframe::fake_accelerator
