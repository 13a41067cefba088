#include "metrics/frame_times.h"

#include <cmath>

#include <gmock/gmock.h>

namespace isoframe::metrics {
namespace {

using testing::DoubleNear;

/// Times of `count` frames of 24 a second, rounded to `clock`, which a container counts in ticks of `tick`.
std::optional<Timing> timing(std::int64_t count, double clock, double tick) {
  FrameTimes times;
  for (std::int64_t k = 0; k < count; ++k)
    times.add(std::round(static_cast<double>(k) / 24.0 / clock) * clock, tick);
  return times.result();
}

TEST(FrameTimes, RoundToTheContainersTicks) {
  EXPECT_THAT(timing(12, 1.0 / 24, 1.0 / 24)->rate(), DoubleNear(24.0, 1e-9));
  const auto gif = timing(12, 0.01, 0.01);
  EXPECT_THAT(gif->span, DoubleNear(11.0 / 24, gif->rounding));
  EXPECT_THAT(gif->rounding, DoubleNear(0.01, 1e-9));
}

TEST(FrameTimes, CarryTheRoundingOfTheContainerTheyWereCopiedFrom) {
  const auto copied = timing(12, 0.001, 1.0 / 16000);
  EXPECT_THAT(copied->rounding, DoubleNear(0.001, 1e-9));
  EXPECT_GT(std::abs(copied->span - 11.0 / 24), 1.0 / 16000);
}

TEST(FrameTimes, APauseIsNoRounding) {
  FrameTimes times;
  for (const double time : {0.0, 0.1, 0.2, 1.3}) times.add(time, 0.001);
  EXPECT_THAT(times.result()->rounding, DoubleNear(0.001, 1e-9));
}

TEST(FrameTimes, AreNoneWhereAFrameHasNone) {
  FrameTimes times;
  times.add(0.0, 0.001);
  EXPECT_FALSE(times.result());
  times.add(0.1, 0.001);
  EXPECT_TRUE(times.result());
  times.add_unknown();
  EXPECT_FALSE(times.result());
}

}  // namespace
}  // namespace isoframe::metrics
