#pragma once
// Which devices have the kernels of row_kernels.h, and how they are started.

#include <initializer_list>

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include "model/kernels/row_kernels.h"

namespace isoframe::model::kernels {

/// Starts a kernel for tensors of those numbers on the device's current stream, and returns at once.
using RowLauncher = void (*)(const RowKernel& kernel, Numbers numbers, const c10::Device& device);

/// The launcher of this build for CUDA; null in a build without CUDA or without its compiler.
RowLauncher cuda_row_launcher();

/// Makes `launcher` that of all devices of a type, before any tensor is there: for tests, which have a device
/// of their own.
void set_row_launcher(c10::DeviceType type, RowLauncher launcher);

/// True if the kernels serve these tensors: all contiguous, of one type, float32 or a half one, and on a
/// device with a launcher.  Else the caller takes ATen's operators.
bool has_row_kernels(std::initializer_list<at::Tensor> tensors);

/// Starts a kernel, whose operands has_row_kernels() has accepted, where `tensor` lies, for its type.
void launch(const RowKernel& kernel, const at::Tensor& tensor);

}  // namespace isoframe::model::kernels
