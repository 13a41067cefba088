#include "metrics/change_points.h"

#include <limits>

#include <gtest/gtest.h>

#include "tests/unit/metrics/random_samples.h"

namespace isoframe::metrics {
namespace {

constexpr double kSignificance = 0.01;

std::vector<double> noise(unsigned seed, const std::vector<std::pair<int, double>>& segments) {
  RandomSamples random(seed);
  std::vector<double> series;
  for (const auto& [length, level] : segments)
    for (int i = 0; i < length; ++i) series.push_back(level * (1.0 + 0.02 * random.normal()));
  return series;
}

TEST(ChangePoints, AreFoundWhereTheLevelMoves) {
  const std::vector<ChangePoint> found =
      change_points(noise(1, {{15, 1.0}, {12, 1.1}, {14, 0.9}}), kSignificance);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NEAR(static_cast<double>(found[0].index), 15.0, 1.0);
  EXPECT_NEAR(static_cast<double>(found[1].index), 27.0, 1.0);
  EXPECT_NEAR(found[0].before, 1.0, 0.03);
  EXPECT_NEAR(found[0].after, 1.1, 0.03);
  EXPECT_NEAR(found[1].after, 0.9, 0.03);
}

/// Counts the series of noise, of so many values, that get a change.
int false_changes(int series, int values, double significance) {
  int count = 0;
  for (int i = 0; i < series; ++i)
    count += change_points(noise(static_cast<unsigned>(i), {{values, 1.0}}), significance).empty() ? 0 : 1;
  return count;
}

TEST(ChangePoints, NoiseHasFewerThanItsSignificance) {
  EXPECT_LE(false_changes(1000, 20, kSignificance), 10);
  EXPECT_LE(false_changes(200, 200, kSignificance), 4);
}

TEST(ChangePoints, ManySeriesTogetherHaveFewerThanOneSignificance) {
  constexpr int kSeries = 500, kCalls = 40;
  EXPECT_LE(false_changes(kSeries * kCalls, 20, kSignificance / kSeries), 2);
}

TEST(ChangePoints, AChangeIsFoundAmongManySeries) {
  EXPECT_EQ(change_points(noise(1, {{15, 1.0}, {6, 1.1}}), kSignificance / 500).size(), 1u);
}

TEST(ChangePoints, AThousandRunsTakeNoTime) {
  EXPECT_TRUE(change_points(noise(1, {{100'000, 1.0}}), kSignificance).empty());
}

TEST(ChangePoints, AStepWithoutNoiseIsOne) {
  const std::vector<ChangePoint> found = change_points({1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2}, kSignificance);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].index, 6u);
}

TEST(ChangePoints, ShortAndConstantSeriesHaveNone) {
  EXPECT_TRUE(change_points({}, kSignificance).empty());
  EXPECT_TRUE(change_points({1, 2, 3, 4, 5}, kSignificance).empty());
  EXPECT_TRUE(change_points(std::vector<double>(30, 2.0), kSignificance).empty());
  EXPECT_TRUE(change_points(std::vector<double>(31, 0.1), kSignificance).empty());
}

TEST(ExactChanges, AreSeenInTheFirstValueThatDiffers) {
  const std::vector<ChangePoint> found = exact_changes({7, 7, 7, 8});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].index, 3u);
  EXPECT_EQ(found[0].before, 7.0);
  EXPECT_EQ(found[0].after, 8.0);
  EXPECT_EQ(exact_changes({7, 8}).size(), 1u);
}

TEST(ExactChanges, AreAllFoundAndNoOthers) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<ChangePoint> found = exact_changes({kInfinity, kInfinity, 88.5, kInfinity});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].before, kInfinity);
  EXPECT_EQ(found[1].index, 3u);
  EXPECT_TRUE(exact_changes({kInfinity, kInfinity}).empty());
  EXPECT_TRUE(exact_changes({}).empty());
}

}  // namespace
}  // namespace isoframe::metrics
