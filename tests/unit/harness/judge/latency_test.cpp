#include "harness/judge/latency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  return paired_judgement(candidate, baseline, repeat, 1.05, "base", comparisons);
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
  EXPECT_TRUE(is_pairing_undecided(kNoisy, kReference, 10, 1.05, 1));
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
  EXPECT_TRUE(is_pairing_undecided(kSlightly, kReference, 10, 1.05, 1));
  EXPECT_EQ(run(kSlightly, kReference, 10, 100).outcome, LatencyOutcome::kUnsure);
  EXPECT_EQ(run(joined(kSlightly, kSlightly), joined(kReference, kReference), 10, 1).outcome,
            LatencyOutcome::kBroken);
  EXPECT_FALSE(is_pairing_undecided(scaled(1.0), kReference, 10, 1.05, 1));
}

TEST(LatencyGate, WhatAFirstMeasurementWasTooNoisyToShowTheSecondMayShow) {
  const Times unclear = scaled(0.9, kSlightly);
  EXPECT_EQ(run(joined(unclear, scaled(1.3)), joined(kReference, kReference)).outcome,
            LatencyOutcome::kBroken);
  EXPECT_EQ(run(joined(unclear, scaled(1.0)), joined(kReference, kReference)).outcome,
            LatencyOutcome::kHolds);
}

TEST(LatencyGate, IsMeasuredUntilThereIsNoDoubt) {
  const auto is_in_doubt = [](const Times& candidate, int comparisons = 1) {
    Times baseline;
    while (baseline.size() < candidate.size()) baseline = joined(baseline, kReference);
    return is_pairing_undecided(candidate, baseline, 10, 1.05, comparisons);
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

TEST(LatencyGate, ManyCasesAskForMoreConfidenceEach) {
  EXPECT_DOUBLE_EQ((ErrorBudget{1.0, 1}).confidence(), 0.99);
  EXPECT_DOUBLE_EQ((ErrorBudget{1.0, 10}).confidence(), 0.999);
  EXPECT_DOUBLE_EQ((ErrorBudget{0.5, 10}).confidence(), 0.9995);
  const auto at = [](ErrorBudget budget) {
    return metrics::ratio_interval(scaled(1.1), kReference, budget.confidence());
  };
  EXPECT_LT(at({1.0, 10}).lower, at({1.0, 1}).lower);
}

}  // namespace
}  // namespace isoframe::harness::judge
