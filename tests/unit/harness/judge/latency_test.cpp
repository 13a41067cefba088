#include "harness/judge/latency.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/metrics/random_samples.h"

namespace isoframe::harness::judge {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using Times = std::vector<double>;

const Times kReference = {1.00, 1.02, 0.99, 1.01, 1.00, 0.98, 1.01, 1.00, 1.02, 0.99};

const Times kNoisy = {0.7, 1.6, 0.8, 1.5, 0.6, 1.7, 0.9, 1.4, 0.8, 1.6};

/// Some 12 % slower, and noisy.
const Times kSlightly = {1.00, 1.27, 1.04, 1.22, 1.05, 1.24, 1.09, 1.17, 1.11, 1.13};

Times scaled(double factor, const Times& times = kReference) {
  // Jitter of its own, so that no ratio is exact.
  Times result;
  for (std::size_t i = 0; i < times.size(); ++i)
    result.push_back(times[i] * factor * (i % 2 == 0 ? 1.004 : 0.996));
  return result;
}

Times joined(Times first, const Times& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

LatencyJudgement run(const Times& candidate, const Times& baseline, std::size_t repeat = 10,
                     int comparisons = 1) {
  return paired_judgement(candidate, baseline, repeat, 1.05, "base", {.tests = comparisons});
}

TEST(LatencyGate, HoldsForEqualTimes) {
  EXPECT_EQ(run(scaled(1.0), kReference).outcome, LatencyOutcome::kHolds);
}

TEST(LatencyGate, TenPercentBreakFivePercent) {
  const LatencyJudgement result = run(scaled(1.1), kReference);
  EXPECT_EQ(result.outcome, LatencyOutcome::kBroken);
  EXPECT_THAT(result.reason, HasSubstr("takes 1.1"));
  EXPECT_THAT(result.reason, HasSubstr("the time of base"));
  EXPECT_THAT(result.reason, HasSubstr("at most 1.050x"));
}

TEST(LatencyGate, TooFewPairsCannotTell) {
  const LatencyJudgement result = run({9.0, 9.1}, {1.0, 1.0}, 2);
  EXPECT_EQ(result.outcome, LatencyOutcome::kUnsure);
  EXPECT_THAT(result.reason, HasSubstr("at least 5 repetitions"));
}

TEST(LatencyGate, NoiseThatHidesTheAnswerIsSaid) {
  const LatencyJudgement result = run(kNoisy, kReference);
  EXPECT_EQ(result.outcome, LatencyOutcome::kUnsure);
  EXPECT_THAT(result.reason, HasSubstr("too noisy"));
  EXPECT_THAT(result.reason, ContainsRegex("--repeat [1-9][0-9]+"));
  EXPECT_TRUE(is_pairing_undecided(kNoisy, kReference, 10, 1.05, {}));
  EXPECT_EQ(run(joined(kNoisy, scaled(1.0)), joined(kReference, kReference)).outcome, LatencyOutcome::kHolds);
}

TEST(LatencyGate, ASlowSpellThatDoesNotComeBackIsNoFailure) {
  EXPECT_EQ(run(scaled(1.2), kReference).outcome, LatencyOutcome::kBroken);
  EXPECT_EQ(run(joined(scaled(1.2), scaled(1.0)), joined(kReference, kReference)).outcome,
            LatencyOutcome::kHolds);
}

TEST(LatencyGate, ASecondMeasurementThatCannotTellIsSaid) {
  const LatencyJudgement result = run(joined(scaled(1.2), kNoisy), joined(kReference, kReference));
  EXPECT_EQ(result.outcome, LatencyOutcome::kUnsure);
  EXPECT_THAT(result.reason, HasSubstr("could not be confirmed"));
}

TEST(LatencyGate, WhatSeemsSlowerIsMeasuredAgainThoughItIsNotCertain) {
  EXPECT_TRUE(is_pairing_undecided(kSlightly, kReference, 10, 1.05, {}));
  EXPECT_EQ(run(kSlightly, kReference, 10, 100).outcome, LatencyOutcome::kUnsure);
  EXPECT_EQ(run(joined(kSlightly, kSlightly), joined(kReference, kReference), 10, 1).outcome,
            LatencyOutcome::kBroken);
  EXPECT_FALSE(is_pairing_undecided(scaled(1.0), kReference, 10, 1.05, {}));
}

TEST(LatencyGate, WhatAFirstMeasurementWasTooNoisyToShowTheSecondMayShow) {
  const Times unclear = scaled(0.9, kSlightly);
  EXPECT_EQ(run(joined(unclear, scaled(1.4)), joined(kReference, kReference)).outcome,
            LatencyOutcome::kBroken);
  EXPECT_EQ(run(joined(unclear, scaled(1.0)), joined(kReference, kReference)).outcome,
            LatencyOutcome::kHolds);
}

TEST(LatencyGate, IsMeasuredUntilThereIsNoDoubt) {
  const auto is_in_doubt = [](const Times& candidate, int comparisons = 1) {
    Times baseline;
    while (baseline.size() < candidate.size()) baseline = joined(baseline, kReference);
    return is_pairing_undecided(candidate, baseline, 10, 1.05, {.tests = comparisons});
  };
  EXPECT_FALSE(is_in_doubt(scaled(1.0)));
  EXPECT_TRUE(is_in_doubt(scaled(1.2))) << "slower once is not enough";
  EXPECT_FALSE(is_in_doubt(joined(scaled(1.2), scaled(1.2)))) << "slower both times";
  EXPECT_FALSE(is_in_doubt(joined(scaled(1.2), scaled(1.0)))) << "a slow spell";
  EXPECT_TRUE(is_in_doubt(joined(kSlightly, kSlightly), 100)) << "not certain among so many";
  EXPECT_FALSE(is_in_doubt(joined(joined(kSlightly, kSlightly), joined(kSlightly, kSlightly)), 100));
  EXPECT_TRUE(is_in_doubt(joined(scaled(1.2), kNoisy))) << "the second cannot tell";
}

TEST(LatencyGate, ASlowCaseStaysSlowWhenMeasuredAgain) {
  const LatencyJudgement result = run(joined(scaled(1.2), scaled(1.2)), joined(kReference, kReference));
  EXPECT_EQ(result.outcome, LatencyOutcome::kBroken);
  EXPECT_THAT(result.reason, HasSubstr("measured again"));
}

TEST(LatencyGate, ManyTestsAskForMoreConfidenceEach) {
  EXPECT_DOUBLE_EQ((ErrorBudget{}.confidence()), 1.0 - 0.01 / 3.0) << "three measurements after the first";
  EXPECT_DOUBLE_EQ((ErrorBudget{.tests = 10}.confidence()), 1.0 - 0.001 / 3.0);
  EXPECT_DOUBLE_EQ((ErrorBudget{.tests = 10}.part(0.5).confidence()), 1.0 - 0.0005 / 3.0);
  const auto at = [](ErrorBudget budget) {
    return metrics::ratio_interval(scaled(1.1), kReference, budget.confidence());
  };
  EXPECT_LT(at({.tests = 10}).lower, at({}).lower);
  EXPECT_LT(at({.tests = 500}).lower, at({.tests = 20}).lower);
}

TEST(LatencyGate, ATimeThatIsNotAboveZeroIsNotJudged) {
  for (const double time : {0.0, -0.001, std::numeric_limits<double>::infinity(), std::nan("")}) {
    Times candidate = scaled(1.0);
    candidate[3] = time;
    for (const LatencyJudgement& result : {run(candidate, kReference), run(kReference, candidate)}) {
      EXPECT_EQ(result.outcome, LatencyOutcome::kUnsure);
      EXPECT_THAT(result.reason, HasSubstr("not above 0"));
    }
    EXPECT_FALSE(is_pairing_undecided(candidate, kReference, 10, 1.05, {}));
  }
}

TEST(LatencyGate, TimesOfACoarseClockAreNoCertainty) {
  for (const double tick : {1.0, 1.1, 2.0}) {
    const LatencyJudgement result = run(Times(10, tick), Times(10, 1.0));
    EXPECT_EQ(result.outcome, LatencyOutcome::kUnsure) << tick;
    EXPECT_THAT(result.reason, HasSubstr("the clock is too coarse"));
  }
}

/// Measures one ratio, of times that are exactly at their limit, as a run does: again as long as there is
/// doubt.  True if that breaks the gate.
bool raises_an_alarm(metrics::RandomSamples& random, ErrorBudget budget) {
  constexpr int kRepeat = 10;
  Times candidate, baseline;
  for (int measurement = 0; measurement < kMostMeasurements; ++measurement) {
    candidate = joined(candidate, random.times(kRepeat, 1.05, 0.02));
    baseline = joined(baseline, random.times(kRepeat, 1.0, 0.02));
    if (!is_pairing_undecided(candidate, baseline, kRepeat, 1.05, budget)) break;
  }
  return paired_judgement(candidate, baseline, kRepeat, 1.05, "base", budget).outcome ==
         LatencyOutcome::kBroken;
}

TEST(LatencyGate, AllTestsOfARunTogetherRaiseAnAlarmInAtMostOneRunOfAHundred) {
  struct Family {
    int tests, runs;
  };
  for (const auto& [tests, runs] : {Family{1, 4000}, Family{12, 500}, Family{500, 60}}) {
    metrics::RandomSamples random(static_cast<unsigned>(tests));
    int alarms = 0;
    for (int run = 0; run < runs; ++run) {
      bool is_alarm = false;
      for (int test = 0; test < tests; ++test)
        is_alarm = raises_an_alarm(random, {.tests = tests}) || is_alarm;
      alarms += is_alarm ? 1 : 0;
    }
    EXPECT_LE(alarms, 0.01 * runs + 3.0 * std::sqrt(0.01 * runs)) << tests << " tests";
  }
}

}  // namespace
}  // namespace isoframe::harness::judge
