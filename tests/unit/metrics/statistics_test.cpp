#include "metrics/statistics.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::metrics {
namespace {

TEST(Statistics, MedianIsTheMiddleOrTheMeanOfTheTwoMiddles) {
  EXPECT_EQ(median({3.0, 1.0, 2.0}), 2.0);
  EXPECT_EQ(median({4.0, 1.0, 3.0, 2.0}), 2.5);
  EXPECT_EQ(median({7.0}), 7.0);
}

TEST(Statistics, QuantilesInterpolateAsNumpyDoes) {
  const std::vector<double> samples = {5.0, 1.0, 2.0, 10.0};
  EXPECT_EQ(quantile(samples, 0.0), 1.0);
  EXPECT_EQ(quantile(samples, 1.0), 10.0);
  EXPECT_DOUBLE_EQ(quantile(samples, 0.25), 1.75);
  EXPECT_DOUBLE_EQ(quantile(samples, 0.9), 8.5);
}

TEST(Statistics, InfiniteSamplesDoNotTurnQuantilesIntoNaN) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(median({1.0, 2.0, infinity}), 2.0);
  EXPECT_EQ(median({infinity, infinity, infinity}), infinity);
  EXPECT_EQ(median({infinity, infinity}), infinity);
}

TEST(Statistics, StandardDeviationDividesByOneLess) {
  EXPECT_DOUBLE_EQ(sample_standard_deviation({2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0}),
                   std::sqrt(32.0 / 7.0));
  EXPECT_EQ(sample_standard_deviation({3.0}), 0.0);
}

TEST(Statistics, ASummaryHoldsAllOfThem) {
  const Summary summary = summarize({2.0, 1.0, 6.0});
  EXPECT_EQ(summary.count, 3U);
  EXPECT_EQ(summary.min, 1.0);
  EXPECT_EQ(summary.median, 2.0);
  EXPECT_EQ(summary.max, 6.0);
  EXPECT_EQ(summary.mean, 3.0);
  EXPECT_DOUBLE_EQ(summary.standard_deviation, std::sqrt(7.0));
}

TEST(Statistics, ARatioThatIsNoNumberIsNone) {
  EXPECT_EQ(ratio(3.0, 2.0), 1.5);
  EXPECT_EQ(ratio(0.0, 2.0), 0.0);
  EXPECT_FALSE(ratio(0.0, 0.0));
  EXPECT_FALSE(ratio(1.0, 0.0));
}

TEST(Statistics, NoSamplesAndImpossibleQuantilesAreErrors) {
  EXPECT_THROW(median({}), InputError);
  EXPECT_THROW(mean({}), InputError);
  EXPECT_THROW(summarize({}), InputError);
  EXPECT_THROW(quantile({1.0}, 1.5), InputError);
  EXPECT_THROW(quantile({1.0}, std::nan("")), InputError);
}

}  // namespace
}  // namespace isoframe::metrics
