// What GPUs run between products and convolutions, played on the host, against the CPU's kernels.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "model/kernels/channel_norm.h"
#include "model/kernels/gated_residual.h"
#include "model/kernels/layer_norm.h"
#include "model/kernels/merge_softmax.h"
#include "model/kernels/pixel_shuffle.h"
#include "model/kernels/rms_norm.h"
#include "model/kernels/row_launcher.h"
#include "tests/unit/fake_accelerator.h"

namespace isoframe::model::kernels {
namespace {

constexpr double kEps = 1e-6;

/// A type of numbers, and how far results may lie apart: sums of another order, then one rounding.
struct Precision {
  const char* name;
  at::ScalarType type;
  double tolerance;
};

class RowKernels : public testing::TestWithParam<Precision> {
 protected:
  at::Tensor random(at::IntArrayRef sizes) const { return at::randn(sizes).to(GetParam().type); }

  /// Where a kernel must have been started once, and nothing else.
  template <typename Call>
  at::Tensor launched(const Call& call) const {
    fake_accelerator::counts = {};
    const at::Tensor result = call();
    EXPECT_EQ(fake_accelerator::counts.kernels, 1);
    EXPECT_EQ(fake_accelerator::counts.waits, 0);
    return fake_accelerator::on_cpu(result).clone();
  }

  void expect_near(const at::Tensor& there, const at::Tensor& here) const {
    ASSERT_EQ(there.sizes(), here.sizes());
    ASSERT_EQ(there.scalar_type(), GetParam().type);
    const at::Tensor expected = here.to(at::kDouble);
    const double difference = (there.to(at::kDouble) - expected).norm().item<double>();
    EXPECT_LT(difference, GetParam().tolerance * expected.norm().item<double>());
  }
};

at::Tensor there(const at::Tensor& x) { return x.to(fake_accelerator::device()); }

// Sizes: packs of 16 bytes, of two numbers, and single numbers; fewer and more of them than lanes.
constexpr std::array kSizes = {std::int64_t{7}, std::int64_t{10}, std::int64_t{64}, std::int64_t{2048}};

TEST_P(RowKernels, LayerNormModulates) {
  for (const std::int64_t features : kSizes) {
    SCOPED_TRACE(features);
    const at::Tensor x = random({1, 5, features}), scale = random({features}), shift = random({features});
    const at::Tensor x2 = there(x), scale2 = there(scale), shift2 = there(shift);
    expect_near(launched([&] { return layer_norm_modulate(x2, scale2, shift2, kEps); }),
                layer_norm_modulate(x, scale, shift, kEps));
  }
}

TEST_P(RowKernels, ResidualsAreGated) {
  for (const std::int64_t features : kSizes) {
    SCOPED_TRACE(features);
    const at::Tensor x = random({1, 5, features}), branch = random({1, 5, features}),
                     gate = random({features});
    const at::Tensor x2 = there(x), branch2 = there(branch), gate2 = there(gate);
    const at::Tensor expected = gated_residual(x, branch, gate);
    expect_near(launched([&] { return gated_residual(x2, branch2, gate2); }), expected);
    expect_near(launched([&] {
                  gated_residual_(x2, branch2, gate2);
                  return x2;
                }),
                expected);
  }
}

TEST_P(RowKernels, HeadsAreNormedAndTurned) {
  for (const std::int64_t head_dim : {6, 20, 128}) {
    SCOPED_TRACE(head_dim);
    const at::Tensor x = random({2, 9, 3, head_dim}), weight = random({head_dim});
    const Rotary rotary = {at::randn({9, head_dim / 2}), at::randn({9, head_dim / 2})};
    const at::Tensor x2 = there(x), turned2 = there(x), weight2 = there(weight);
    const Rotary rotary2 = {there(rotary.cos), there(rotary.sin)};
    const at::Tensor turned = x.clone();
    rms_norm_(x, weight, kEps);
    rms_norm_rotary_(turned, weight, kEps, rotary);
    expect_near(launched([&] {
                  rms_norm_(x2, weight2, kEps);
                  return x2;
                }),
                x);
    expect_near(launched([&] {
                  rms_norm_rotary_(turned2, weight2, kEps, rotary2);
                  return turned2;
                }),
                turned);
  }
}

TEST_P(RowKernels, ChannelsAreNormedActivatedAndPadded) {
  for (const std::int64_t channels : {3, 12, 128}) {
    SCOPED_TRACE(channels);
    const at::Tensor x = random({3, 4, 5, channels}), gamma = random({channels});
    const at::Tensor x2 = there(x), gamma2 = there(gamma);
    expect_near(launched([&] { return channel_rms_norm(x2, gamma2); }), channel_rms_norm(x, gamma));
    expect_near(launched([&] { return channel_rms_norm_silu_causal_pad(x2, gamma2); }),
                channel_rms_norm_silu_causal_pad(x, gamma).to(x.scalar_type()));
  }
}

TEST_P(RowKernels, NothingIsDividedByNothing) {
  const at::Tensor zeros = there(at::zeros({1, 2, 2, 8}, GetParam().type)), gamma = there(random({8}));
  EXPECT_TRUE(at::equal(fake_accelerator::on_cpu(channel_rms_norm(zeros, gamma)),
                        at::zeros({1, 2, 2, 8}, GetParam().type)));
}

TEST_P(RowKernels, UpsamplingAddsItsShortcut) {
  for (const bool is_temporal : {false, true}) {
    for (const auto& [in, out] : {std::pair<std::int64_t, std::int64_t>{8, 6}, {32, 8}, {16, 16}}) {
      SCOPED_TRACE(testing::Message() << in << " to " << out << (is_temporal ? ", also in time" : ""));
      const at::Tensor expanded = random({3, 2, 5, (is_temporal ? 8 : 4) * out}),
                       input = random({3, 2, 5, in});
      const at::Tensor expanded2 = there(expanded), input2 = there(input);
      expect_near(launched([&] { return upsample_add(expanded2, input2, is_temporal); }),
                  upsample_add(expanded, input, is_temporal));
    }
  }
}

TEST(RowLauncher, PartsOfASoftmaxAreMerged) {
  const at::Tensor output = at::randn({1, 2, 7, 20}), part = at::randn({1, 2, 7, 20});
  const at::Tensor lse = at::randn({1, 2, 7}) * 100, part_lse = at::randn({1, 2, 7}) * 100;
  part_lse[0][1][3] = -std::numeric_limits<float>::infinity();
  const at::Tensor output2 = there(output), lse2 = there(lse), part2 = there(part),
                   part_lse2 = there(part_lse);
  fake_accelerator::counts = {};
  merge_softmax_(output2, lse2, part2, part_lse2);
  EXPECT_EQ(fake_accelerator::counts.kernels, 1);
  merge_softmax_(output, lse, part, part_lse);
  EXPECT_TRUE(at::allclose(fake_accelerator::on_cpu(output2), output, 1e-6, 1e-6));
  EXPECT_TRUE(at::allclose(fake_accelerator::on_cpu(lse2), lse, 1e-6, 1e-6));
}

/// What a kernel cannot take goes to ATen's operators: other strides, an odd address, float64, another type.
TEST(RowLauncher, WhatTheyCannotTakeIsNotTheirs) {
  const at::Tensor whole = there(at::randn({4, 6}));
  EXPECT_TRUE(has_row_kernels({whole}));
  EXPECT_FALSE(has_row_kernels({whole.t()}));
  EXPECT_FALSE(has_row_kernels({whole.flatten().narrow(0, 1, 8)}));
  EXPECT_FALSE(has_row_kernels({whole.to(at::kDouble)}));
  EXPECT_FALSE(has_row_kernels({whole, whole.to(at::kHalf)}));
  EXPECT_FALSE(has_row_kernels({at::randn({4, 6})}));
  const at::Tensor x = whole.t().contiguous().t(), gate = there(at::randn({6}));
  const at::Tensor expected = fake_accelerator::on_cpu(whole + whole * gate).clone();
  EXPECT_TRUE(at::allclose(fake_accelerator::on_cpu(gated_residual(x, whole, gate)), expected));
}

INSTANTIATE_TEST_SUITE_P(, RowKernels,
                         testing::Values(Precision{"float32", at::kFloat, 1e-6},
                                         Precision{"float16", at::kHalf, 1e-3},
                                         Precision{"bfloat16", at::kBFloat16, 8e-3}),
                         [](const auto& info) { return info.param.name; });

/// A GPU's own run of the kernels against the host's: they add in the same order.
TEST(Gpu, RowKernelsDoWhatTheHostDoes) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no GPU, or a build without CUDA";
  if (!has_row_kernels({at::empty({8}, at::kCUDA)})) GTEST_SKIP() << "built without nvcc";
  for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    for (const std::int64_t features : kSizes) {
      const at::Tensor x = at::randn({1, 300, features}).to(type), scale = at::randn({features}).to(type),
                       shift = at::randn({features}).to(type);
      EXPECT_TRUE(at::equal(
          layer_norm_modulate(x.cuda(), scale.cuda(), shift.cuda(), kEps).cpu(),
          fake_accelerator::on_cpu(layer_norm_modulate(there(x), there(scale), there(shift), kEps))))
          << type << ", " << features << " features";
      EXPECT_TRUE(at::equal(gated_residual(x.cuda(), x.cuda(), scale.cuda()).cpu(),
                            fake_accelerator::on_cpu(gated_residual(there(x), there(x), there(scale)))))
          << type << ", " << features << " features";
      // The exponential function is another.
      EXPECT_TRUE(at::allclose(
          channel_rms_norm_silu_causal_pad(x.cuda().unsqueeze(0), scale.cuda()).cpu().to(at::kFloat),
          fake_accelerator::on_cpu(channel_rms_norm_silu_causal_pad(there(x).unsqueeze(0), there(scale)))
              .to(at::kFloat),
          1e-2, 1e-5))
          << type << ", " << features << " features";
    }
  }
}

}  // namespace
}  // namespace isoframe::model::kernels
