#pragma once
// row_kernels.h on CUDA, compiled by nvcc.

#include <cuda_runtime_api.h>

#include "model/kernels/row_kernels.h"

namespace isoframe::model::kernels {

/// Starts a kernel for tensors of those numbers on a stream of the current device.  Returns what the launch
/// returned.
cudaError_t launch_rows(const RowKernel& kernel, Numbers numbers, cudaStream_t stream);

}  // namespace isoframe::model::kernels
