#include "model/kernels/activation.h"

#include <algorithm>
#include <array>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "model/kernels/half.h"
#include "model/kernels/vector_math.h"
#include "model/kernels/vectorize.h"

namespace isoframe::model::kernels {

namespace {

constexpr std::int64_t kBlock = 64;
constexpr std::int64_t kBlocksPerTask = 256;

ISOFRAME_VECTORIZED void silu_blocks(float* data, std::int64_t blocks) {
  for (std::int64_t b = 0; b < blocks; ++b, data += kBlock) {
    for (std::int64_t i = 0; i < kBlock; ++i) data[i] = data[i] / (1.0F + exp(-data[i]));
  }
}

// (1 + tanh(u)) / 2 = 1 / (1 + e^(-2u)), which keeps its precision where tanh(u) nears -1.
ISOFRAME_VECTORIZED void gelu_tanh_blocks(float* data, std::int64_t blocks) {
  constexpr float kTwoSqrtTwoOverPi = 1.59576912F;
  for (std::int64_t b = 0; b < blocks; ++b, data += kBlock) {
    for (std::int64_t i = 0; i < kBlock; ++i) {
      const float x = data[i];
      const float twice_u = kTwoSqrtTwoOverPi * (x + 0.044715F * x * x * x);
      data[i] = x / (1.0F + exp(-twice_u));
    }
  }
}

// The end goes through the same loop in a padded block: a scalar tail might be contracted to other
// multiply-adds.
void apply(const at::Tensor& x, void (*blocks_kernel)(float*, std::int64_t)) {
  const at::Tensor flat = x.view({-1});
  const std::int64_t blocks = x.numel() / kBlock;
  const std::int64_t rest = x.numel() % kBlock;
  at::parallel_for(0, blocks, kBlocksPerTask, [&](std::int64_t begin, std::int64_t end) {
    each_rows_in_place(flat, kBlock, begin, end,
                       [&](float* data, std::int64_t, std::int64_t count) { blocks_kernel(data, count); });
  });
  if (rest == 0) return;
  std::array<float, kBlock> padded{};
  RowReader reader(flat);
  RowWriter writer(flat);
  std::copy_n(reader.read(blocks * kBlock, rest), rest, padded.begin());
  blocks_kernel(padded.data(), 1);
  std::copy_n(padded.begin(), rest, writer.place(blocks * kBlock, rest));
  writer.store(blocks * kBlock, rest);
}

}  // namespace

void silu_in_place(const at::Tensor& x) {
  if (has_rows(x)) {
    apply(x, silu_blocks);
  } else {
    at::Tensor in_place = x;
    at::silu_(in_place);
  }
}

void gelu_tanh_in_place(const at::Tensor& x) {
  if (has_rows(x)) {
    apply(x, gelu_tanh_blocks);
  } else {
    at::Tensor in_place = x;
    at::gelu_(in_place, "tanh");
  }
}

}  // namespace isoframe::model::kernels
