#include <algorithm>

#include "model/kernels/row_kernels_cuda.h"

namespace isoframe::model::kernels {

namespace {

static_assert(kLanes == 32, "a team is a warp");
constexpr unsigned kAll = 0xffffffffU;
constexpr int kWarps = 4;  ///< of a block
/// Blocks of a launch at most; further rows are taken in turn.  Enough for every device to be full.
constexpr std::int64_t kMostBlocks = 1 << 16;

class Warp {
 public:
  __device__ explicit Warp(int lane) : lane_(lane) {}

  template <typename Body>
  __device__ void each(std::int64_t count, const Body& body) const {
    for (std::int64_t i = lane_; i < count; i += kLanes) body(i);
  }
  template <typename Term>
  __device__ float sum(std::int64_t count, const Term& term) const {
    float total = 0.0F;
    for (std::int64_t i = lane_; i < count; i += kLanes) total += term(i);
    for (int distance = kLanes / 2; distance > 0; distance /= 2)
      total += __shfl_xor_sync(kAll, total, distance);
    return total;
  }
  template <typename Body>
  __device__ void once(const Body& body) const {
    __syncwarp();
    if (lane_ == 0) body();
  }

 private:
  int lane_;
};

template <typename Body>
__global__ void __launch_bounds__(kWarps* kLanes) run_rows(Body body, std::int64_t rows) {
  const Warp warp(static_cast<int>(threadIdx.x) % kLanes);
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.x / kLanes;
  for (std::int64_t row = first; row < rows; row += static_cast<std::int64_t>(gridDim.x) * kWarps)
    body(warp, row);
}

}  // namespace

cudaError_t launch_rows(const RowKernel& kernel, Numbers numbers, cudaStream_t stream) {
  rows::with_body(kernel, numbers, [&](std::int64_t rows, const auto& body) {
    if (rows == 0) return;
    const std::int64_t blocks = std::min((rows + kWarps - 1) / kWarps, kMostBlocks);
    run_rows<<<static_cast<unsigned>(blocks), kWarps * kLanes, 0, stream>>>(body, rows);
  });
  return cudaGetLastError();
}

}  // namespace isoframe::model::kernels
