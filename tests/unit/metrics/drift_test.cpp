#include "metrics/drift.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/unit/metrics/random_samples.h"

namespace isoframe::metrics {
namespace {

/// A series that grows by `step` from one result to the next, with noise.
std::vector<double> growing(RandomSamples& random, int count, double step, double deviation = 0.01) {
  std::vector<double> series;
  for (int i = 0; i < count; ++i) series.push_back(std::exp(step * i + deviation * random.normal()));
  return series;
}

TEST(Drift, OfTwoPercentAWeekIsSeenThoughNoStepIs) {
  RandomSamples random(1);
  const RatioInterval result = drift(growing(random, 15, 0.019), 0, 0.999);
  EXPECT_NEAR(result.ratio, std::exp(0.019 * 13), 0.03);
  EXPECT_GT(result.lower, 1.05);
}

TEST(Drift, OfAStepIsSeenThoughTheStepItselfIsNoSpread) {
  RandomSamples random(2);
  std::vector<double> series = growing(random, 8, 0.0);
  for (const double value : growing(random, 8, 0.0)) series.push_back(1.2 * value);
  EXPECT_GT(drift(series, 0, 0.999).lower, 1.1);
}

TEST(Drift, IsNotBeforeTheAcceptedResult) {
  RandomSamples random(3);
  std::vector<double> series = growing(random, 8, 0.0);
  for (const double value : growing(random, 8, 0.0)) series.push_back(1.2 * value);
  const RatioInterval result = drift(series, 8, 0.9);
  EXPECT_LT(result.lower, 1.0);
  EXPECT_LT(result.upper, 1.05);
}

TEST(Drift, OfNoiseIsAtMostOneInAHundred) {
  for (const int count : {3, 6, 30}) {
    RandomSamples random(static_cast<unsigned>(count));
    int alarms = 0;
    constexpr int kSeries = 4000;
    for (int i = 0; i < kSeries; ++i)
      alarms += drift(growing(random, count, 0.0, 0.05), 0, 0.99).lower > 1.0 ? 1 : 0;
    EXPECT_LE(alarms, 0.01 * kSeries + 3.0 * std::sqrt(0.01 * kSeries)) << count << " results";
  }
}

TEST(Drift, WithoutASpreadIsNoCertainty) {
  const RatioInterval result = drift({1.0, 1.0, 1.0}, 0, 0.9);
  EXPECT_FALSE(result.is_spread_known);
  EXPECT_EQ(result.lower, 0.0);
}

TEST(Drift, NeedsALaterResult) {
  EXPECT_THROW(drift({1.0, 1.1}, 1, 0.9), InputError);
  EXPECT_THROW(drift({1.0, 0.0}, 0, 0.9), InputError);
}

}  // namespace
}  // namespace isoframe::metrics
