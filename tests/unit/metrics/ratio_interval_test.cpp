#include "metrics/ratio_interval.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/unit/metrics/random_samples.h"

namespace isoframe::metrics {
namespace {

using Times = std::vector<double>;

constexpr double kConfidence = 0.995;
constexpr int kPairs = 10;

/// A machine that drifts slowly, jitters by 2 % and is now and then interrupted.
class NoisyMachine {
 public:
  explicit NoisyMachine(unsigned seed) : random_(seed) {}
  double measure(double seconds) {
    drift_ = 0.95 * drift_ + 0.01 * random_.normal();
    const double spike = random_.uniform() < 0.03 ? 0.1 * random_.uniform() : 0.0;
    return seconds * std::exp(drift_ + 0.02 * random_.normal() + spike);
  }

 private:
  RandomSamples random_;
  double drift_ = 0.0;
};

/// Counts the runs whose lower bound is above `limit` when the candidate takes `factor` times as long.
int alarms(double factor, double limit, int runs) {
  int count = 0;
  for (int run = 0; run < runs; ++run) {
    NoisyMachine machine(static_cast<unsigned>(run));
    Times candidate, reference;
    for (int pair = 0; pair < kPairs; ++pair) {
      reference.push_back(machine.measure(1.0));
      candidate.push_back(machine.measure(factor));
    }
    count += ratio_interval(candidate, reference, kConfidence).lower > limit ? 1 : 0;
  }
  return count;
}

TEST(RatioInterval, UnchangedCodeRaisesAtMostOneAlarmInAHundred) { EXPECT_LE(alarms(1.0, 1.0, 2000), 20); }

TEST(RatioInterval, SeesTenPercentInNinetyFiveOfAHundred) { EXPECT_GE(alarms(1.1, 1.02, 200), 190); }

TEST(RatioInterval, OfALimitThatIsMetRaisesNone) { EXPECT_EQ(alarms(1.0, 1.05, 100), 0); }

/// Runs of equal sides, in each of which so many ratios share one chance of a hundredth that any lower bound
/// is above 1: as many as have such a bound.
template <typename LowerBound>
int runs_with_an_alarm(int runs, int comparisons, const LowerBound& lower_bound) {
  const double confidence = 1.0 - 0.01 / comparisons;
  RandomSamples random(static_cast<unsigned>(comparisons));
  int count = 0;
  for (int run = 0; run < runs; ++run) {
    bool is_alarm = false;
    for (int i = 0; i < comparisons; ++i) is_alarm = lower_bound(random, confidence) > 1.0 || is_alarm;
    count += is_alarm ? 1 : 0;
  }
  return count;
}

/// Chances of a hundredth in so many runs, and three deviations more.
int expected_alarms(int runs) { return static_cast<int>(0.01 * runs + 3.0 * std::sqrt(0.01 * runs)); }

struct Family {
  int comparisons;
  int runs;
};
const Family kFamilies[] = {{1, 6000}, {12, 600}, {500, 100}};

TEST(RatioInterval, KeepsItsLevelAmongAnyNumberOfComparisons) {
  for (const int pairs : {5, 10, 40}) {
    for (const auto& [comparisons, runs] : kFamilies) {
      const int seen = runs_with_an_alarm(runs, comparisons, [&](RandomSamples& random, double confidence) {
        const Times candidate = random.times(pairs, 1.0, 0.05);
        return ratio_interval(candidate, random.times(pairs, 1.0, 0.05), confidence).lower;
      });
      EXPECT_LE(seen, expected_alarms(runs)) << pairs << " pairs, " << comparisons << " comparisons";
      const int least = comparisons == 1 ? runs / 200 : 0;
      EXPECT_GE(seen, least) << "a bound that nothing exceeds tells nothing";
    }
  }
}

/// Size and log-normal deviation of one side.
struct Samples {
  int count;
  double deviation;
};

TEST(RatioInterval, UnpairedKeepsItsLevelWhateverTheSizesAndSpreads) {
  const std::pair<Samples, Samples> kSides[] = {{{10, 0.03}, {10, 0.03}}, {{40, 0.03}, {10, 0.03}},
                                                {{40, 0.03}, {5, 0.03}},  {{40, 0.02}, {10, 0.08}},
                                                {{10, 0.08}, {40, 0.02}}, {{10, 0.02}, {5, 0.08}}};
  for (const auto& [own, its] : kSides) {
    for (const auto& [comparisons, runs] : kFamilies) {
      const int seen = runs_with_an_alarm(
          runs, comparisons, [own = own, its = its](RandomSamples& random, double confidence) {
            const Times candidate = random.times(own.count, 1.0, own.deviation);
            return unpaired_ratio_interval(candidate, random.times(its.count, 1.0, its.deviation), confidence)
                .lower;
          });
      EXPECT_LE(seen, expected_alarms(runs))
          << own.count << " beside " << its.count << ", " << comparisons << " comparisons";
    }
  }
}

TEST(RatioInterval, BoundsGoOnBeyondAnyNumberOfComparisons) {
  RandomSamples random(1);
  const Times a = random.times(10, 1.1, 0.05), b = random.times(10, 1.0, 0.05);
  double paired = ratio_interval(a, b, 0.99).lower, apart = unpaired_ratio_interval(a, b, 0.99).lower;
  for (const double rest : {1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8}) {
    EXPECT_LT(ratio_interval(a, b, 1.0 - rest).lower, 0.999 * paired) << rest;
    EXPECT_LT(unpaired_ratio_interval(a, b, 1.0 - rest).lower, 0.999 * apart) << rest;
    paired = ratio_interval(a, b, 1.0 - rest).lower;
    apart = unpaired_ratio_interval(a, b, 1.0 - rest).lower;
  }
}

TEST(RatioInterval, IsStudentsOfTheLogarithms) {
  const Times a = {1.0, 1.1, 0.9, 1.05}, b = {0.8, 1.0, 0.95, 1.0};
  // t(0.95) of 3 degrees of freedom is 2.353363.
  double sum = 0.0, squares = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double ratio = std::log(a[i] / b[i]);
    sum += ratio;
    squares += ratio * ratio;
  }
  const double center = sum / 4.0, error = std::sqrt((squares - 4.0 * center * center) / 3.0 / 4.0);
  const RatioInterval result = ratio_interval(a, b, 0.95);
  EXPECT_NEAR(result.ratio, std::exp(center), 1e-12);
  EXPECT_NEAR(result.lower, std::exp(center - 2.353363 * error), 1e-6);
  EXPECT_NEAR(result.upper, std::exp(center + 2.353363 * error), 1e-6);
  EXPECT_EQ(result.pairs, 4u);
}

TEST(RatioInterval, ADriftThatMeetsBothSidesCancels) {
  const RatioInterval result = ratio_interval({1.1, 2.2002, 4.4}, {1.0, 2.0, 4.0}, 0.99);
  EXPECT_NEAR(result.ratio, 1.1, 1e-3);
  EXPECT_NEAR(result.lower, 1.1, 1e-3);
  EXPECT_NEAR(result.upper, 1.1, 1e-3);
  EXPECT_EQ(result.pairs, 3u);
}

TEST(RatioInterval, TimesWithoutASpreadAreNoCertainty) {
  const Times tick(10, 0.10), next(10, 0.11);
  for (const RatioInterval& result :
       {ratio_interval(next, tick, 0.9), unpaired_ratio_interval(next, tick, 0.9),
        unpaired_ratio_interval(next, {0.10, 0.11, 0.10}, 0.9),
        ratio_interval({1.1, 2.2, 4.4}, {1, 2, 4}, 0.9)}) {
    EXPECT_FALSE(result.is_spread_known);
    EXPECT_NEAR(result.ratio, 1.1, 0.05);
    EXPECT_EQ(result.lower, 0.0);
    EXPECT_TRUE(std::isinf(result.upper));
  }
  EXPECT_TRUE(ratio_interval({1.1, 1.1, 1.2}, {1.0, 1.0, 1.0}, 0.9).is_spread_known);
}

TEST(RatioInterval, UnpairedIsWiderWhereThePairsDriftTogether) {
  const Times a = {1.11, 1.52, 2.1, 2.8, 3.3}, b = {1.0, 1.4, 1.9, 2.6, 3.0};
  const RatioInterval paired = ratio_interval(a, b, 0.99), apart = unpaired_ratio_interval(a, b, 0.99);
  EXPECT_NEAR(paired.ratio, apart.ratio, 1e-12);
  EXPECT_GT(apart.upper / apart.lower, 2.0 * paired.upper / paired.lower);
}

TEST(RatioInterval, UnpairedSeesTenPercent) {
  RandomSamples random(1);
  int seen = 0;
  for (int run = 0; run < 200; ++run) {
    const Times candidate = random.times(10, 1.1, 0.03);
    seen += unpaired_ratio_interval(candidate, random.times(10, 1.0, 0.03), 0.99).lower > 1.02 ? 1 : 0;
  }
  EXPECT_GE(seen, 190);
}

/// Times of so many runs of unchanged code, each of which is dealt a speed of its own.
std::vector<Times> draw_runs(RandomSamples& random, int count, double between) {
  std::vector<Times> runs;
  for (int i = 0; i < count; ++i) runs.push_back(random.times(10, std::exp(between * random.normal()), 0.02));
  return runs;
}

TEST(RatioInterval, ToSeveralRunsKeepsItsLevelThoughRunsDiffer) {
  for (const double between : {0.0, 0.05}) {
    for (const int earlier : {2, 5}) {
      for (const auto& [comparisons, runs] : kFamilies) {
        const int seen = runs_with_an_alarm(runs, comparisons, [=](RandomSamples& random, double confidence) {
          const Times now = draw_runs(random, 1, between).front();
          return ratio_interval_to_runs(now, draw_runs(random, earlier, between), confidence).lower;
        });
        EXPECT_LE(seen, expected_alarms(runs))
            << between << " between " << earlier << " runs, " << comparisons << " comparisons";
      }
    }
  }
}

TEST(RatioInterval, ToASingleRunDoesNotKnowWhatRunsDiffer) {
  RandomSamples random(1);
  const int runs = 500;
  const int seen = runs_with_an_alarm(runs, 1, [](RandomSamples& random, double confidence) {
    const Times now = draw_runs(random, 1, 0.05).front();
    return ratio_interval_to_runs(now, draw_runs(random, 1, 0.05), confidence).lower;
  });
  EXPECT_GT(seen, runs / 10);
  const Times now = random.times(10, 1.0, 0.02), then = random.times(10, 1.0, 0.02);
  EXPECT_EQ(ratio_interval_to_runs(now, {then}, 0.99).lower, unpaired_ratio_interval(now, then, 0.99).lower);
}

TEST(RatioInterval, ToManyRunsSeesTenPercent) {
  RandomSamples random(1);
  int seen = 0;
  for (int run = 0; run < 200; ++run) {
    const Times now = random.times(10, 1.1 * std::exp(0.01 * random.normal()), 0.02);
    seen += ratio_interval_to_runs(now, draw_runs(random, 10, 0.01), 0.99).lower > 1.02 ? 1 : 0;
  }
  EXPECT_GE(seen, 190);
}

TEST(RatioInterval, RefusesWhatHasNoRatio) {
  EXPECT_THROW(ratio_interval({1.0}, {1.0}, 0.95), InputError);
  EXPECT_THROW(ratio_interval({1.0, 2.0}, {1.0}, 0.95), InputError);
  EXPECT_THROW(ratio_interval({1.0, 0.0}, {1.0, 1.0}, 0.95), InputError);
  EXPECT_THROW(unpaired_ratio_interval({1.0, HUGE_VAL}, {1.0, 1.0}, 0.95), InputError);
  EXPECT_THROW(ratio_interval_to_runs({1.0, 1.1}, {}, 0.95), InputError);
  EXPECT_THROW(ratio_interval_to_runs({1.0, 1.1}, {{1.0, 1.1}, {1.0}}, 0.95), InputError);
}

}  // namespace
}  // namespace isoframe::metrics
