#include "harness/judge/three_way.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isoframe::harness::judge {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr Pair kNear{1e-6, 1e-4};
constexpr Pair kFar{1e-2, 1e-4};

std::string odd_one(Pair layout_and_single, Pair single_and_baseline, Pair layout_and_baseline) {
  return odd_one_out({.layout = "ring",
                      .single = "single",
                      .baseline = "ours",
                      .layout_and_single = layout_and_single,
                      .single_and_baseline = single_and_baseline,
                      .layout_and_baseline = layout_and_baseline});
}

TEST(ThreeWay, NobodyStandsAloneWhereAllAgree) { EXPECT_EQ(odd_one(kNear, kNear, kNear), ""); }

TEST(ThreeWay, TheOneThatNoOtherAgreesWithStandsAlone) {
  EXPECT_EQ(odd_one(kFar, kNear, kFar),
            "ring stands alone: single and ours agree (relative L2 1.0e-06, at most 1.0e-04), it is 1.0e-02 "
            "from them");
  EXPECT_THAT(odd_one(kNear, kFar, kFar), StartsWith("ours stands alone: ring and single agree"));
  EXPECT_THAT(odd_one(kFar, kFar, kNear), StartsWith("single stands alone: ring and ours agree"));
}

TEST(ThreeWay, DistancesAreSaidWhereNoTwoAgreeOrAllButOnePairDo) {
  EXPECT_THAT(odd_one(kFar, kFar, kFar),
              StartsWith("no two of the three agree: ring and single are 1.0e-02"));
  EXPECT_THAT(odd_one(kNear, kNear, kFar), StartsWith("no one stands alone, though not all agree:"));
}

TEST(ThreeWay, NanIsNearNothing) {
  const Pair unknown{std::numeric_limits<double>::quiet_NaN(), 1e-4};
  EXPECT_THAT(odd_one(unknown, kNear, unknown), StartsWith("ring stands alone"));
}

TEST(ThreeWay, ALayoutFailsBeyondTheBoundOfItsOwnSingleRank) {
  reports::records::OwnSingle beside;
  beside.name = "single";
  beside.bound = 1e-4;
  beside.relative_l2 = 1e-5;
  EXPECT_EQ(broken_by(beside), "");
  beside.relative_l2 = 2e-4;
  EXPECT_THAT(broken_by(beside), HasSubstr("relative L2 2.0e-04 against its own single rank 'single'"));
  beside.relative_l2 = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(broken_by(beside), "");
}

}  // namespace
}  // namespace isoframe::harness::judge
