#include "model/kernels/pixel_shuffle.h"

#include <tuple>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace isoframe::model::kernels {
namespace {

// Channels in and out: shortcuts that repeat 1, 2, 4, 8 and 12 times.
TEST(UpsampleAdd, TheKernelMovesWhatTheOperatorsOfOtherTypesMove) {
  const c10::InferenceMode inference;
  for (const auto& [in, out, temporal] :
       {std::tuple{24, 6, false}, std::tuple{16, 8, false}, std::tuple{16, 4, true}, std::tuple{16, 8, true},
        std::tuple{16, 16, true}, std::tuple{16, 24, true}}) {
    for (const std::int64_t frames : {1, 3}) {
      const at::Tensor expanded = at::randn({frames, 2, 3, out * (temporal ? 8 : 4)});
      const at::Tensor input = at::randn({frames, 2, 3, in});
      const at::Tensor expected = upsample_add(expanded.to(at::kDouble), input.to(at::kDouble), temporal);
      const at::Tensor actual = upsample_add(expanded, input, temporal);
      ASSERT_EQ(actual.sizes(), (std::vector<std::int64_t>{temporal ? 2 * frames - 1 : frames, 4, 6, out}));
      EXPECT_TRUE(at::allclose(actual.to(at::kDouble), expected, 1e-6, 1e-6)) << in << " -> " << out;
    }
  }
}

TEST(UpsampleAdd, ChannelGroupsBecomeRowsAndColumns) {
  const at::Tensor expanded = at::tensor({1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F, 7.0F, 8.0F}).view({1, 1, 1, 8});
  const at::Tensor input = at::tensor({10.0F, 20.0F, 30.0F, 40.0F}).view({1, 1, 1, 4});
  // Two output channels for each channel of the shortcut.
  EXPECT_TRUE(
      at::equal(upsample_add(expanded, input, false),
                at::tensor({11.0F, 12.0F, 23.0F, 24.0F, 35.0F, 36.0F, 47.0F, 48.0F}).view({1, 2, 2, 2})));
}

TEST(DownsampleAdd, RowsAndColumnsBecomeChannelGroups) {
  const at::Tensor reduced = at::tensor({1.0F, 2.0F, 3.0F, 4.0F}).view({1, 2, 2, 1});
  const at::Tensor input = at::tensor({10.0F, 20.0F, 30.0F, 40.0F}).view({1, 2, 2, 1});
  EXPECT_TRUE(
      at::equal(downsample_add(reduced, input, false).flatten(), at::tensor({11.0F, 22.0F, 33.0F, 44.0F})));
}

}  // namespace
}  // namespace isoframe::model::kernels
