#include <utility>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "model/kernels/gated_residual.h"
#include "model/kernels/layer_norm.h"
#include "model/kernels/linear.h"
#include "model/kernels/rms_norm.h"

namespace isoframe::model::kernels {
namespace {

constexpr double kEps = 1e-6;

double relative_l2(const at::Tensor& value, const at::Tensor& exact) {
  const at::Tensor difference = value.to(at::kDouble) - exact.to(at::kDouble);
  return (difference.norm() / exact.to(at::kDouble).norm()).item<double>();
}

TEST(LayerNormModulate, IsLayerNormThenScaleAndShift) {
  for (const std::int64_t features : {5, 16, 60, 2048}) {
    const at::Tensor x = at::randn({3, 5, features}) * 3 + 10;
    const at::Tensor scale = at::randn({features});
    const at::Tensor shift = at::randn({features});
    const at::Tensor exact =
        at::layer_norm(x.to(at::kDouble), {features}, {}, {}, kEps) * (1 + scale) + shift;
    EXPECT_LT(relative_l2(layer_norm_modulate(x, scale, shift, kEps), exact), 1e-6) << features;
  }
}

TEST(LayerNormModulate, ARowDoesNotDependOnTheOthers) {
  const at::Tensor x = at::randn({23, 60});
  const at::Tensor scale = at::randn({60});
  const at::Tensor shift = at::randn({60});
  const at::Tensor whole = layer_norm_modulate(x, scale, shift, kEps);
  for (std::int64_t row = 0; row < 23; ++row) {
    EXPECT_TRUE(
        at::equal(layer_norm_modulate(x.narrow(0, row, 1), scale, shift, kEps), whole.narrow(0, row, 1)));
  }
}

TEST(GatedResidual, AddsTheGatedBranchAndLeavesItsInputAlone) {
  for (const std::int64_t features : {7, 64, 60}) {
    const at::Tensor x = at::randn({11, features});
    const at::Tensor before = x.clone();
    const at::Tensor branch = at::randn({11, features});
    const at::Tensor gate = at::randn({features});
    const at::Tensor expected = x + branch * gate;
    EXPECT_TRUE(at::equal(gated_residual(x, branch, gate), expected));
    EXPECT_TRUE(at::equal(x, before));
    gated_residual_(x, branch, gate);
    EXPECT_TRUE(at::equal(x, expected));
  }
}

/// Rotary embedding as the reference computes it: angles held once a channel, rotated copies of the vectors.
at::Tensor rotated(const at::Tensor& x, const Rotary& rotary) {
  const at::Tensor cos = rotary.cos.repeat_interleave(2, 1).unsqueeze(1);
  const at::Tensor sin = rotary.sin.repeat_interleave(2, 1).unsqueeze(1);
  const std::vector<at::Tensor> parts = x.unflatten(-1, {-1, 2}).unbind(-1);
  return x * cos + at::stack({-parts[1], parts[0]}, -1).flatten(3) * sin;
}

at::Tensor normed(const at::Tensor& x, const at::Tensor& weight) {
  return x * at::rsqrt(x.pow(2).mean(-1, true) + kEps) * weight;
}

class RmsNorm : public testing::TestWithParam<std::int64_t> {
 protected:
  RmsNorm()
      : x(at::randn({1, 9, 3, GetParam()}) * 2),
        weight(at::rand({GetParam()}) + 0.5),
        rotary{at::randn({9, GetParam() / 2}), at::randn({9, GetParam() / 2})} {}

  at::Tensor x, weight;
  Rotary rotary;
};

TEST_P(RmsNorm, DividesByTheRootOfTheMeanSquareOfEachHead) {
  const at::Tensor expected = normed(x.to(at::kDouble), weight);
  rms_norm_(x, weight, kEps);
  EXPECT_LT(relative_l2(x, expected), 3e-7);
}

TEST_P(RmsNorm, RotaryTurnsNeighbouringChannelsByTheTokensAngle) {
  const at::Tensor expected = rotated(normed(x.to(at::kDouble), weight), rotary);
  rms_norm_rotary_(x, weight, kEps, rotary);
  EXPECT_LT(relative_l2(x, expected), 3e-7);
}

TEST_P(RmsNorm, ATokenDoesNotDependOnTheOthers) {
  const at::Tensor part = x.narrow(1, 4, 3).clone();
  rms_norm_rotary_(x, weight, kEps, rotary);
  rms_norm_rotary_(part, weight, kEps, {rotary.cos.narrow(0, 4, 3), rotary.sin.narrow(0, 4, 3)});
  EXPECT_TRUE(at::equal(part, x.narrow(1, 4, 3)));
}

INSTANTIATE_TEST_SUITE_P(HeadDims, RmsNorm, testing::Values(6, 20, 128));

TEST(Linear, RowsDoNotDependOnHowManyThereAreNorOnThreads) {
  const int threads_before = at::get_num_threads();
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    for (const auto& [in, out] : {std::pair{60, 37}, {192, 24}, {24, 3}, {1100, 40}}) {
      const at::Tensor weight = at::randn({out, in});
      const at::Tensor bias = at::randn({out});
      const at::Tensor x = at::randn({1, 90, in});
      const at::Tensor whole = linear(x, weight, bias);
      for (const std::int64_t rows : {1, 2, 4, 7, 15, 16, 17, 44}) {
        EXPECT_TRUE(at::equal(linear(x.narrow(1, 5, rows), weight, bias), whole.narrow(1, 5, rows)))
            << rows << " rows, " << in << " -> " << out << ", " << threads << " threads";
      }
    }
  }
  at::set_num_threads(threads_before);
}

TEST(Linear, IsTheProductPlusTheBiasWhateverTheStrides) {
  for (const auto& [in, out] : {std::pair{60, 37}, {24, 3}, {1100, 40}}) {
    const at::Tensor weight = at::randn({out, in});
    const at::Tensor bias = at::randn({out});
    const at::Tensor x = at::randn({2, 19, in});
    const at::Tensor exact = at::linear(x.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble));
    const at::Tensor result = linear(x, weight, bias);
    EXPECT_EQ(result.sizes(), exact.sizes());
    EXPECT_LT(relative_l2(result, exact), 1e-6);
    EXPECT_LT(relative_l2(linear(x, weight, at::Tensor()), exact - bias), 1e-6);
    const at::Tensor strided = x.transpose(1, 2).contiguous().transpose(1, 2);
    EXPECT_TRUE(at::equal(linear(strided, weight, bias), result));
    EXPECT_EQ(linear(x.narrow(1, 0, 0), weight, bias).sizes(), (at::IntArrayRef{2, 0, out}));
  }
}

}  // namespace
}  // namespace isoframe::model::kernels
