#include "metrics/change_points.h"

#include <random>

#include <gtest/gtest.h>

namespace isoframe::metrics {
namespace {

std::vector<double> noise(unsigned seed, const std::vector<std::pair<int, double>>& segments) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0.0, 0.02);
  std::vector<double> series;
  for (const auto& [length, level] : segments)
    for (int i = 0; i < length; ++i) series.push_back(level * (1.0 + normal(random)));
  return series;
}

TEST(ChangePoints, AreFoundWhereTheLevelMoves) {
  const std::vector<ChangePoint> found = change_points(noise(1, {{15, 1.0}, {12, 1.1}, {14, 0.9}}));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NEAR(static_cast<double>(found[0].index), 15.0, 1.0);
  EXPECT_NEAR(static_cast<double>(found[1].index), 27.0, 1.0);
  EXPECT_NEAR(found[0].before, 1.0, 0.03);
  EXPECT_NEAR(found[0].after, 1.1, 0.03);
  EXPECT_NEAR(found[1].after, 0.9, 0.03);
}

TEST(ChangePoints, NoiseHasFewerThanItsSignificance) {
  int series_with_one = 0;
  for (unsigned seed = 0; seed < 100; ++seed)
    series_with_one += change_points(noise(seed, {{20, 1.0}})).empty() ? 0 : 1;
  EXPECT_LE(series_with_one, 4);
}

TEST(ChangePoints, AStepWithoutNoiseIsOne) {
  const std::vector<ChangePoint> found = change_points({1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].index, 6u);
}

TEST(ChangePoints, ShortAndConstantSeriesHaveNone) {
  EXPECT_TRUE(change_points({}).empty());
  EXPECT_TRUE(change_points({1, 2, 3, 4, 5}).empty());
  EXPECT_TRUE(change_points(std::vector<double>(30, 2.0)).empty());
}

}  // namespace
}  // namespace isoframe::metrics
