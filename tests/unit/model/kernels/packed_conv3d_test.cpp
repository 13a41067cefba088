#include "model/kernels/packed_conv3d.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace isoframe::model::kernels {
namespace {

struct Shape {
  std::int64_t frames, height, width, in_channels, out_channels;
};

const Shape kShapes[] = {{1, 1, 1, 24, 16}, {2, 3, 5, 3, 7}, {3, 8, 8, 64, 64}, {1, 4, 4, 1, 1}};

at::Tensor convolution(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor batch = input.permute({3, 0, 1, 2}).unsqueeze(0).contiguous();
  return at::conv3d(batch, weight, bias).squeeze(0).permute({1, 2, 3, 0}).contiguous();
}

TEST(PackedConv3d, GivesTheConvolutionOrAddsIt) {
  const c10::InferenceMode inference;
  for (const Shape& s : kShapes) {
    const at::Tensor weight = at::randn({s.out_channels, s.in_channels, 3, 3, 3});
    const at::Tensor bias = at::randn({s.out_channels});
    const at::Tensor input = at::randn({s.frames + 2, s.height + 2, s.width + 2, s.in_channels});
    const at::Tensor expected = convolution(input, weight, bias);
    const PackedConv3d conv(weight, bias);
    const at::Tensor actual = conv(input);
    EXPECT_TRUE(actual.is_contiguous());
    EXPECT_TRUE(at::allclose(actual, expected, 1e-5, 1e-3)) << expected.sizes();

    const at::Tensor sum = at::randn(expected.sizes());
    const at::Tensor expected_sum = sum + expected;
    conv.add_to(sum, input);
    EXPECT_TRUE(at::allclose(sum, expected_sum, 1e-5, 1e-3)) << expected.sizes();
  }
}

TEST(PackedConv3d, TakesInputsOfAnySizeInAnyOrder) {
  const c10::InferenceMode inference;
  const at::Tensor weight = at::randn({32, 16, 3, 3, 3}), bias = at::randn({32});
  const PackedConv3d conv(weight, bias);
  at::Tensor first;
  for (const std::int64_t size : {4, 16, 1, 64, 4}) {
    at::manual_seed(static_cast<std::uint64_t>(size));
    const at::Tensor input = at::randn({3, size + 2, size + 2, 16});
    const at::Tensor output = conv(input);
    EXPECT_TRUE(at::allclose(output, convolution(input, weight, bias), 1e-5, 1e-3)) << size;
    if (!first.defined()) first = output;
    EXPECT_TRUE(size != 4 || at::equal(output, first)) << "other bits after other sizes";
  }
}

TEST(PackedConv3d, OtherTypesTakeTheirOwnPath) {
  const c10::InferenceMode inference;
  const at::Tensor weight = at::randn({5, 4, 3, 3, 3}, at::kDouble);
  const at::Tensor bias = at::randn({5}, at::kDouble);
  const at::Tensor input = at::randn({3, 5, 6, 4}, at::kDouble);
  const PackedConv3d conv(weight, bias);
  EXPECT_TRUE(at::allclose(conv(input), convolution(input, weight, bias)));
}

TEST(PackedConv3d, IsBuiltFromTensorsWithoutData) {
  EXPECT_NO_THROW(PackedConv3d(at::empty({5, 4, 3, 3, 3}, at::kMeta), at::empty({5}, at::kMeta)));
}

}  // namespace
}  // namespace isoframe::model::kernels
