#include "harness/qualify/series.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::harness::qualify {
namespace {

using reports::records::JudgedSeries;
using reports::records::Series;

TEST(Series, KeepsValuesOfAllTimesInBoundedRoom) {
  Series series;
  constexpr int kValues = 1'000'000;
  for (int k = 0; k < kValues; ++k) {
    add(series, k);
    ASSERT_LE(series.samples.size(), kMostSamples);
  }
  check(series, "series");
  const auto summary = summary_of(series);
  EXPECT_EQ(summary->count, static_cast<std::size_t>(kValues));
  EXPECT_EQ(summary->min, 0.0);
  EXPECT_EQ(summary->max, kValues - 1.0);
  EXPECT_NEAR(summary->median, kValues / 2.0, kValues / 50.0);
  EXPECT_NEAR(drift_of(series).value(), 5.0, 0.2);  // the middle of the last third over that of the first
}

TEST(Series, AFewValuesAreAllKept) {
  Series series;
  for (const double value : {3.0, 1.0, 2.0}) add(series, value);
  EXPECT_EQ(series.samples, (std::vector{3.0, 1.0, 2.0}));
  EXPECT_EQ(summary_of(series)->median, 2.0);
  EXPECT_FALSE(summary_of(Series{}));
  EXPECT_FALSE(drift_of(Series{}));
}

TEST(Series, UndisturbedValuesReplaceDisturbedOnes) {
  JudgedSeries series;
  add(series, 9.0, true);
  add(series, 8.0, true);
  EXPECT_EQ(summary_of(series)->median, 8.5);
  EXPECT_TRUE(series.disturbed);
  add(series, 2.0, false);
  add(series, 9.0, true);
  add(series, 3.0, false);
  EXPECT_FALSE(series.disturbed);
  EXPECT_EQ(series.samples, (std::vector{2.0, 3.0}));
  EXPECT_EQ(series.max, 3.0);
}

TEST(Series, RefusesOneThatHoldsFewerValuesThanItSays) {
  Series series;
  for (int k = 0; k < 1000; ++k) {
    add(series, k);
    ASSERT_NO_THROW(check(series, "series")) << k;
  }
  const auto refuses = [&](const auto& damage) {
    Series damaged = series;
    damage(damaged);
    EXPECT_THROW(check(damaged, "series"), InputError);
  };
  refuses([](Series& one) { one.stride = 0; });
  refuses([](Series& one) { one.samples.clear(); });
  refuses([](Series& one) { one.count = 5; });
  refuses([](Series& one) { one.max = 10.0; });
  refuses([](Series& one) { one.samples[3] = -1.0; });
}

}  // namespace
}  // namespace isoframe::harness::qualify
