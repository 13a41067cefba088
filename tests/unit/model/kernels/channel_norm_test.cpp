#include "model/kernels/channel_norm.h"

#include <cmath>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace isoframe::model::kernels {
namespace {

at::Tensor norm_by_definition(const at::Tensor& x, const at::Tensor& gamma) {
  const at::Tensor wide = x.to(at::kDouble);
  return wide / wide.norm(2, {-1}, true).clamp_min(1e-12) * std::sqrt(static_cast<double>(x.size(-1))) *
         gamma;
}

at::Tensor pad_by_definition(const at::Tensor& x) {
  const at::Tensor batch = x.permute({3, 0, 1, 2}).unsqueeze(0);
  return at::replication_pad3d(batch, {1, 1, 1, 1, 2, 0}).squeeze(0).permute({1, 2, 3, 0});
}

const std::vector<std::int64_t> kShapes[] = {{1, 1, 1, 3}, {1, 2, 3, 24}, {3, 4, 1, 17}, {4, 5, 7, 64}};

TEST(ChannelNorm, FollowsItsFormula) {
  const c10::InferenceMode inference;
  for (const auto& shape : kShapes) {
    const at::Tensor x = at::randn(shape);
    const at::Tensor gamma = at::randn({shape[3]});
    const at::Tensor expected = norm_by_definition(x, gamma);
    EXPECT_TRUE(at::allclose(channel_rms_norm(x, gamma).to(at::kDouble), expected, 1e-5, 1e-6));
    EXPECT_TRUE(at::allclose(channel_rms_norm_silu_causal_pad(x, gamma).to(at::kDouble),
                             pad_by_definition(at::silu(expected)), 1e-5, 1e-6));
    EXPECT_TRUE(at::equal(causal_pad(x), pad_by_definition(x)));
  }
}

TEST(ChannelNorm, SilenceStaysFinite) {
  const at::Tensor silence = at::zeros({1, 2, 2, 24});
  EXPECT_TRUE(at::equal(channel_rms_norm_silu_causal_pad(silence, at::ones({24})), at::zeros({3, 4, 4, 24})));
}

TEST(ChannelNorm, HalfTypesAreNormedInFloat32) {
  const c10::InferenceMode inference;
  // Squares of 300 leave the range of float16.
  const at::Tensor x = at::full({1, 1, 1, 16}, 300.0, at::kHalf);
  const at::Tensor normed = channel_rms_norm(x, at::ones({16}, at::kHalf));
  EXPECT_EQ(normed.scalar_type(), at::kHalf);
  EXPECT_TRUE(at::allclose(normed, at::ones({1, 1, 1, 16}, at::kHalf), 1e-3, 1e-3));
}

TEST(ChannelNorm, APositionHasTheSameBitsInEveryVolume) {
  const c10::InferenceMode inference;
  for (const std::int64_t channels : {3, 17, 24, 64}) {
    const at::Tensor x = at::randn({3, 5, 7, channels});
    const at::Tensor gamma = at::randn({channels});
    const at::Tensor whole = channel_rms_norm_silu_causal_pad(x, gamma);
    const at::Tensor part =
        channel_rms_norm_silu_causal_pad(x.narrow(1, 2, 3).narrow(2, 3, 3).contiguous(), gamma);
    EXPECT_TRUE(at::equal(part.narrow(1, 1, 3).narrow(2, 1, 3), whole.narrow(1, 3, 3).narrow(2, 4, 3)))
        << channels;
  }
}

}  // namespace
}  // namespace isoframe::model::kernels
