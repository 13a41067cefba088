#include "metrics/two_groups.h"

#include <limits>

#include <gtest/gtest.h>

namespace isoframe::metrics {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(TwoGroups, AreFoundWithTheirMeansAndSizes) {
  const auto found = two_groups({33.8, 27.9, 33.6, 27.7, 33.7});
  ASSERT_TRUE(found.has_value());
  EXPECT_DOUBLE_EQ(found->high, 33.7);
  EXPECT_DOUBLE_EQ(found->low, 27.8);
  EXPECT_EQ(found->of_high, 3u);
  EXPECT_EQ(found->of_low, 2u);
}

TEST(TwoGroups, MayBeEqualFramesAndOthers) {
  const auto found = two_groups({kInfinity, 41.0, kInfinity, 41.2, 41.1});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->high, kInfinity);
  EXPECT_EQ(found->of_high, 2u);
  EXPECT_DOUBLE_EQ(found->low, 41.1);
}

TEST(TwoGroups, AreNotSeenInNoiseInALoneOutlierOrInTooFew) {
  EXPECT_FALSE(two_groups({30.0, 31.0, 32.0, 33.0, 34.0, 35.0}));
  EXPECT_FALSE(two_groups({33.7, 33.8, 33.6, 27.8})) << "one that differs is no mode";
  EXPECT_FALSE(two_groups({33.70, 33.71, 33.90, 33.91})) << "a fifth of a decibel apart";
  EXPECT_FALSE(two_groups({33.7, 33.7, 27.8}));
  EXPECT_FALSE(two_groups({kInfinity, kInfinity, kInfinity, kInfinity}));
}

}  // namespace
}  // namespace isoframe::metrics
