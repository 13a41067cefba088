#include "model/kernels/row_launcher.h"

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include "model/kernels/row_kernels_cuda.h"

namespace isoframe::model::kernels {

RowLauncher cuda_row_launcher() {
  return [](const RowKernel& kernel, Numbers numbers, const c10::Device& device) {
    C10_CUDA_CHECK(launch_rows(kernel, numbers, c10::cuda::getCurrentCUDAStream(device.index())));
  };
}

}  // namespace isoframe::model::kernels
