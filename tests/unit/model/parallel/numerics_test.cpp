#include "model/parallel/numerics.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::model::parallel {
namespace {

constexpr Depth kTiny = {.steps = 2, .blocks = 2, .terms = 512, .guidance_scale = 6.0};

TEST(Numerics, WholeRowsHeadsAndTilesAreIdentical) {
  EXPECT_EQ(numerics({}), Numerics::kIdentical);
  EXPECT_EQ(numerics({.layout = {.ulysses = 4, .cfg = 2, .vae_patch = 8}}), Numerics::kIdentical);
}

TEST(Numerics, RingsAndPartialProductsAreBounded) {
  EXPECT_EQ(numerics({.layout = {.ring = 2}}), Numerics::kBounded);
  EXPECT_EQ(numerics({.layout = {.tensor = 2}}), Numerics::kBounded);
  EXPECT_EQ(numerics({.layout = {.tensor = 2}, .reduction = Reduction::kDeterministic}), Numerics::kBounded);
  EXPECT_EQ(numerics({.reduction_parts = 2}), Numerics::kBounded);
}

TEST(Numerics, RunsThatMergeAlikeAreIdenticalToEachOther) {
  EXPECT_EQ(numerics({.layout = {.ulysses = 2, .ring = 2, .cfg = 2}}, {.layout = {.ring = 2}}),
            Numerics::kIdentical);
  EXPECT_EQ(numerics({.layout = {.ring = 2}}, {.layout = {.ring = 4}}), Numerics::kBounded);
}

TEST(Numerics, AFixedOrderOfAsManyPartsIsIdentical) {
  const Arithmetic tensor2 = {.layout = {.ulysses = 2, .tensor = 2}, .reduction = Reduction::kDeterministic};
  EXPECT_EQ(numerics(tensor2, {.reduction_parts = 2}), Numerics::kIdentical);
  EXPECT_EQ(numerics(tensor2, {.reduction_parts = 4}), Numerics::kBounded);
  EXPECT_EQ(numerics({.layout = {.tensor = 2}}, {.reduction_parts = 2}), Numerics::kBounded);
}

TEST(Numerics, WhereTheOrderDependsOnShapesOnlyWholePassesAndTilesAreIdentical) {
  const auto gpu = [](const Layout& layout) {
    return Arithmetic{.layout = layout, .depends_on_shapes = true};
  };
  EXPECT_EQ(numerics(gpu({}), gpu({})), Numerics::kIdentical);
  EXPECT_EQ(numerics(gpu({.cfg = 2, .vae_patch = 4}), gpu({})), Numerics::kIdentical);
  EXPECT_EQ(numerics(gpu({.ulysses = 2}), gpu({})), Numerics::kBounded);
  EXPECT_EQ(numerics(gpu({.ulysses = 2}), gpu({.ring = 2})), Numerics::kBounded);
  EXPECT_EQ(numerics(gpu({.ulysses = 2, .cfg = 2}), gpu({.ulysses = 2})), Numerics::kIdentical);
  EXPECT_EQ(relative_l2_bound(gpu({.vae_patch = 2}), kTiny), 0.0);
  EXPECT_DOUBLE_EQ(relative_l2_bound(gpu({.ulysses = 2}), kTiny), reordered_l2_bound(kTiny));
  EXPECT_GT(relative_l2_bound(gpu({.ring = 2}), kTiny), relative_l2_bound({.layout = {.ring = 2}}, kTiny));
}

TEST(Numerics, BoundGrowsWithTheRootOfReorderedSums) {
  const double ring = relative_l2_bound({.layout = {.ring = 2}}, kTiny);
  // 2 (6 + 5) 2^-24 sqrt(2 x 2 x (512 + 2))
  EXPECT_NEAR(ring, 5.946e-5, 1e-8);
  Depth longer = kTiny;
  longer.steps = 8;
  EXPECT_DOUBLE_EQ(relative_l2_bound({.layout = {.ring = 2}}, longer), 2 * ring);
  EXPECT_GT(relative_l2_bound({.layout = {.ring = 2, .tensor = 2}}, kTiny),
            relative_l2_bound({.layout = {.tensor = 2}}, kTiny));
  EXPECT_EQ(relative_l2_bound({.layout = {.ulysses = 4}}, kTiny), 0.0);
}

TEST(Numerics, EverySumOfABlockMayBeReorderedByAnotherEngine) {
  // 2 (6 + 5) 2^-24 sqrt(8 x 2 x 2 x (512 + 1))
  EXPECT_NEAR(reordered_l2_bound(kTiny), 1.680e-4, 1e-7);
  Depth half = kTiny;
  half.unit_roundoff = 0x1p-8;
  EXPECT_GT(reordered_l2_bound(half), 1000 * reordered_l2_bound(kTiny));
}

TEST(Numerics, HalfTypesRoundEachPartOnceMore) {
  Depth half = kTiny;
  half.unit_roundoff = 0x1p-8;
  // 2 (6 + 5) sqrt(2 x 2 x 2) 2^-8
  EXPECT_NEAR(relative_l2_bound({.layout = {.ring = 2}}, half), 0.2431, 1e-4);
}

TEST(Numerics, ImageBoundAllowsForPixelsThatRoundTheOtherWay) {
  const ImageBound bound = image_bound(1e-4);
  EXPECT_NEAR(bound.psnr_min, 60.9, 0.1);
  EXPECT_NEAR(bound.ssim_min, 0.9991, 1e-4);
  EXPECT_LT(image_bound(1e-2).psnr_min, bound.psnr_min);
}

TEST(Numerics, ReductionsAreReadBack) {
  for (const Reduction reduction : {Reduction::kFast, Reduction::kDeterministic})
    EXPECT_EQ(parse_reduction(to_string(reduction)), reduction);
  EXPECT_THROW(parse_reduction("slow"), InputError);
}

}  // namespace
}  // namespace isoframe::model::parallel
