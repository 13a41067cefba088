#include "metrics/ratio_interval.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::metrics {
namespace {

constexpr double kConfidence = 0.995;
constexpr int kPairs = 10;

/// A machine that drifts slowly, jitters by 2 % and is now and then interrupted.
class NoisyMachine {
 public:
  explicit NoisyMachine(unsigned seed) : random_(seed) {}
  double measure(double seconds) {
    drift_ = 0.95 * drift_ + 0.01 * normal_(random_);
    const double spike = uniform_(random_) < 0.03 ? 0.1 * uniform_(random_) : 0.0;
    return seconds * std::exp(drift_ + 0.02 * normal_(random_) + spike);
  }

 private:
  std::mt19937 random_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
  double drift_ = 0.0;
};

/// Counts the runs whose lower bound is above `limit` when the candidate takes `factor` times as long.
int alarms(double factor, double limit, int runs) {
  int count = 0;
  for (int run = 0; run < runs; ++run) {
    NoisyMachine machine(static_cast<unsigned>(run));
    std::vector<double> candidate, reference;
    for (int pair = 0; pair < kPairs; ++pair) {
      reference.push_back(machine.measure(1.0));
      candidate.push_back(machine.measure(factor));
    }
    count += ratio_interval(candidate, reference, kConfidence).lower > limit ? 1 : 0;
  }
  return count;
}

TEST(RatioInterval, UnchangedCodeRaisesAtMostOneAlarmInAHundred) { EXPECT_LE(alarms(1.0, 1.0, 200), 2); }

TEST(RatioInterval, SeesTenPercentInNinetyFiveOfAHundred) { EXPECT_GE(alarms(1.1, 1.02, 200), 190); }

TEST(RatioInterval, OfALimitThatIsMetRaisesNone) { EXPECT_EQ(alarms(1.0, 1.05, 100), 0); }

TEST(RatioInterval, ADriftThatMeetsBothSidesCancels) {
  const RatioInterval result = ratio_interval({1.1, 2.2, 4.4}, {1.0, 2.0, 4.0}, 0.99);
  EXPECT_NEAR(result.ratio, 1.1, 1e-12);
  EXPECT_NEAR(result.lower, 1.1, 1e-9);
  EXPECT_NEAR(result.upper, 1.1, 1e-9);
  EXPECT_EQ(result.pairs, 3u);
}

TEST(RatioInterval, IsTheSameForTheSameSamples) {
  const std::vector<double> a = {1.0, 1.1, 0.9, 1.05}, b = {0.8, 1.0, 0.95, 1.0};
  EXPECT_EQ(ratio_interval(a, b, 0.95).lower, ratio_interval(a, b, 0.95).lower);
  EXPECT_LT(ratio_interval(a, b, 0.95).lower, ratio_interval(a, b, 0.95).ratio);
  EXPECT_GT(ratio_interval(a, b, 0.95).upper, ratio_interval(a, b, 0.95).ratio);
}

TEST(RatioInterval, UnpairedIsWiderWhereThePairsDriftTogether) {
  const std::vector<double> a = {1.11, 1.52, 2.1, 2.8, 3.3}, b = {1.0, 1.4, 1.9, 2.6, 3.0};
  const RatioInterval paired = ratio_interval(a, b, 0.99), apart = unpaired_ratio_interval(a, b, 0.99);
  EXPECT_NEAR(paired.ratio, apart.ratio, 1e-12);
  EXPECT_GT(apart.upper / apart.lower, 2.0 * paired.upper / paired.lower);
}

/// Size and log-normal deviation of one side; unpaired_alarms() counts the runs whose lower bound is above
/// `limit`.
struct Samples {
  int count;
  double deviation;
};
int unpaired_alarms(double factor, double limit, Samples candidate, Samples reference, int runs) {
  std::mt19937 random(1);
  const auto draw = [&random](Samples of, double seconds) {
    std::normal_distribution<double> normal(0.0, of.deviation);
    std::vector<double> result;
    for (int i = 0; i < of.count; ++i) result.push_back(seconds * std::exp(normal(random)));
    return result;
  };
  int count = 0;
  for (int run = 0; run < runs; ++run)
    count += unpaired_ratio_interval(draw(candidate, factor), draw(reference, 1.0), 0.99).lower > limit;
  return count;
}

TEST(RatioInterval, UnpairedKeepsItsLevelWhereOneSideIsNoisier) {
  constexpr int kRuns = 500;
  EXPECT_LE(unpaired_alarms(1.0, 1.0, {10, 0.03}, {10, 0.03}, kRuns), 10);
  EXPECT_LE(unpaired_alarms(1.0, 1.0, {40, 0.02}, {10, 0.08}, kRuns), 15);
  EXPECT_LE(unpaired_alarms(1.0, 1.0, {10, 0.08}, {40, 0.02}, kRuns), 15);
}

TEST(RatioInterval, UnpairedSeesWhatTenSamplesBesideFiveCanTell) {
  EXPECT_GE(unpaired_alarms(1.1, 1.02, {10, 0.03}, {5, 0.03}, 200), 180);
}

TEST(RatioInterval, RefusesWhatHasNoRatio) {
  EXPECT_THROW(ratio_interval({1.0}, {1.0}, 0.95), InputError);
  EXPECT_THROW(ratio_interval({1.0, 2.0}, {1.0}, 0.95), InputError);
  EXPECT_THROW(ratio_interval({1.0, 0.0}, {1.0, 1.0}, 0.95), InputError);
}

}  // namespace
}  // namespace isoframe::metrics
