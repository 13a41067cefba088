#include "harness/locate/fingerprint.h"

#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "tests/unit/fake_accelerator.h"

namespace isoframe::harness::locate {
namespace {

at::Tensor noise(const std::vector<std::int64_t>& shape, std::uint64_t seed) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed));
}

TEST(Fingerprint, DependsOnValuesNotOnStrides) {
  const at::Tensor x = noise({3, 5, 7}, 1);
  const at::Tensor strided = x.transpose(0, 2).contiguous().transpose(0, 2);
  ASSERT_FALSE(strided.is_contiguous());
  EXPECT_EQ(fingerprint(x).hash, fingerprint(strided).hash);
  EXPECT_EQ(fingerprint(x).sketch, fingerprint(strided).sketch);
}

TEST(Fingerprint, IsTheSameOnAnotherDevice) {
  const at::Tensor x = noise({4, 33}, 1);
  const Fingerprint elsewhere = fingerprint(x.to(fake_accelerator::device()));
  EXPECT_EQ(elsewhere.hash, fingerprint(x).hash);
  EXPECT_EQ(elsewhere.sketch, fingerprint(x).sketch);
}

TEST(Fingerprint, SeesTheLastBitTheSignOfZeroAndTheOrder) {
  const at::Tensor x = noise({4, 33}, 2);
  const std::uint64_t hash = fingerprint(x).hash;
  at::Tensor nudged = x.clone();
  nudged[3][32].fill_(std::nextafter(x[3][32].item<float>(), 10.0F));
  EXPECT_NE(fingerprint(nudged).hash, hash);
  EXPECT_NE(fingerprint(at::zeros({4})).hash, fingerprint(-at::zeros({4})).hash);
  EXPECT_NE(fingerprint(x.flip({0})).hash, hash);
}

TEST(Fingerprint, EstimatesTheRelativeDistance) {
  for (const double size : {1e-6, 1e-3, 1.0}) {
    const at::Tensor x = noise({64, 129}, 3);
    double sum = 0.0;
    constexpr int kDraws = 40;
    for (int draw = 0; draw < kDraws; ++draw) {
      const at::Tensor y = x + noise({64, 129}, 100 + draw) * size;
      const double exact = ((y - x).to(at::kDouble).norm() / x.to(at::kDouble).norm()).item<double>();
      const double ratio = estimated_relative_l2(fingerprint(x), fingerprint(y)) / exact;
      EXPECT_GT(ratio, 0.3);
      EXPECT_LT(ratio, 2.0);
      sum += ratio;
    }
    EXPECT_NEAR(sum / kDraws, 1.0, 0.12) << size;
  }
}

TEST(Fingerprint, ADistanceToNaNIsInfinite) {
  const at::Tensor x = noise({8, 8}, 4);
  at::Tensor y = x.clone();
  y[2][3].fill_(std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(std::isinf(estimated_relative_l2(fingerprint(x), fingerprint(y))));
  EXPECT_EQ(estimated_relative_l2(fingerprint(y), fingerprint(y)), 0.0);
}

TEST(Fingerprint, OfNothingIsTheSameForEveryShape) {
  EXPECT_EQ(fingerprint(at::zeros({1, 0, 5})).hash, fingerprint(at::zeros({0})).hash);
}

}  // namespace
}  // namespace isoframe::harness::locate
