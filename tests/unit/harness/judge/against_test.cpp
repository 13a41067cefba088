#include "harness/judge/against.h"

#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/harness/judge/results.h"

namespace isoframe::harness::judge {
namespace {

using records::CaseResult;
using records::Quality;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kRepeat = 10;

/// Generations that took about so long; sides with another phase have a jitter of their own.
CaseResult measured(double seconds, double peak = 1e8, int phase = 0) {
  std::vector<double> times;
  for (int i = 0; i < kRepeat; ++i) times.push_back(seconds * (1.0 + 0.002 * ((i + phase) % 3)));
  CaseResult result = timed(times, static_cast<std::uint64_t>(peak));
  result.ranks[0].yardstick = yardstick(0.1, kRepeat);
  return result;
}

const Quality kSame = quality(true);

/// An earlier run's frames beside these, which are alike as far as `psnr` and `relative_l2` say.
Quality different(double psnr, double relative_l2) { return quality(false, psnr, 1.0, relative_l2); }

Side side(const CaseResult& result, const CaseResult* baseline = nullptr) {
  return {result, baseline, kRepeat};
}

AgainstJudgement run(const CaseResult& now, const CaseResult& then, const Quality& frames = kSame,
                     const std::vector<std::string>& differences = {}) {
  return judge_against(side(now), side(then), frames, differences, {});
}

std::vector<records::Subject> subjects(const AgainstJudgement& judgement) {
  std::vector<records::Subject> subjects;
  for (const records::NotJudged& one : judgement.not_judged) subjects.push_back(one.what);
  return subjects;
}

bool is_undecided(const CaseResult& now, const CaseResult& then) {
  return is_slowdown_undecided(side(now), side(then), {});
}

TEST(Against, AnEqualRunPassesAndAllOfItIsJudged) {
  const AgainstJudgement result = run(measured(1.0), measured(1.0));
  EXPECT_EQ(result.verdict, Verdict::kPassed);
  EXPECT_TRUE(result.not_judged.empty());
}

TEST(Against, TooFewRepetitionsOnEitherSideAreSaid) {
  const CaseResult many = measured(1.0);
  CaseResult few = measured(1.0);
  few.latency.total_seconds.resize(4);
  for (const auto& [now, then, remedy] :
       std::initializer_list<std::tuple<const CaseResult*, const CaseResult*, const char*>>{
           {&few, &many, "--repeat 10 in this run"},
           {&many, &few, "--repeat 10 in the earlier run"},
           {&few, &few, "--repeat 10 in both runs"}}) {
    const AgainstJudgement result = run(*now, *then);
    EXPECT_THAT(subjects(result), ElementsAre(records::Subject::kLatency));
    EXPECT_EQ(result.not_judged[0].remedy, remedy);
  }
}

TEST(Against, MemoryThatWasNotMeasuredIsNotJudged) {
  CaseResult then = measured(1.0);
  then.ranks[0].peak_tensor_bytes.reset();
  const AgainstJudgement result = run(measured(1.0), then);
  EXPECT_THAT(subjects(result), ElementsAre(records::Subject::kMemory));
  EXPECT_THAT(result.not_judged[0].why, HasSubstr("the earlier run did not measure"));
}

TEST(Against, TimesInOtherUnitsAreNotJudged) {
  const CaseResult base = measured(1.0);
  CaseResult now = measured(9.0);
  now.baseline = "base";
  const AgainstJudgement lost = judge_against(side(now, &base), side(now), kSame, {}, {});
  EXPECT_THAT(subjects(lost), ElementsAre(records::Subject::kLatency));
  EXPECT_EQ(lost.not_judged[0].why, "its baseline 'base' was not measured in the earlier run");
  const CaseResult then = measured(1.0);
  const AgainstJudgement changed = judge_against(side(now, &base), side(then, &base), kSame, {}, {});
  EXPECT_THAT(subjects(changed), ElementsAre(records::Subject::kLatency));
  EXPECT_EQ(changed.verdict, Verdict::kPassed);
}

TEST(Against, OtherFramesOnALikeMachineFail) {
  const Judgement result = run(measured(1.0), measured(1.0), different(88.0, 1e-6));
  EXPECT_EQ(result.verdict, Verdict::kFailed);
  EXPECT_THAT(result.reason, HasSubstr("must be identical"));
}

TEST(Against, ABoundedLayoutMayDifferWithinItsBound) {
  CaseResult now = measured(1.0);
  now.numerics = {records::NumericsClass::kBounded, 1e-5};
  EXPECT_EQ(run(now, measured(1.0), different(kInfinity, 1e-6)).verdict, Verdict::kPassed);
  EXPECT_EQ(run(now, measured(1.0), different(60.0, 1e-3)).verdict, Verdict::kFailed);
}

TEST(Against, WhereTheBoundProvesNothingTheLockedRunsLimitHolds) {
  CaseResult now = measured(1.0);
  now.numerics = {records::NumericsClass::kBounded, 1.2};
  EXPECT_EQ(run(now, measured(1.0), different(40.0, 0.019)).verdict, Verdict::kPassed);
  EXPECT_EQ(run(now, measured(1.0), different(40.0, 0.021)).verdict, Verdict::kFailed);
  now.locked.emplace().twin_relative_l2 = 0.015;
  EXPECT_EQ(run(now, measured(1.0), different(40.0, 0.029)).verdict, Verdict::kPassed);
  EXPECT_EQ(run(now, measured(1.0), different(40.0, 0.031)).verdict, Verdict::kFailed);
}

TEST(Against, FramesWhoseDifferenceIsNoNumberFail) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CaseResult now = measured(1.0);
  now.numerics = {records::NumericsClass::kBounded, 1e-5};
  EXPECT_EQ(run(now, measured(1.0), different(60.0, nan)).verdict, Verdict::kFailed);
  EXPECT_EQ(run(now, measured(1.0), different(nan, 0.0), {"cpu"}).verdict, Verdict::kFailed);
}

TEST(Against, UnlikeMachinesAreJudgedByTheirFramesOnly) {
  const std::vector<std::string> other = {"cpu: \"A\" then, \"B\" now"};
  const AgainstJudgement result = run(measured(9.0, 9e9), measured(1.0), different(90.0, 1e-6), other);
  EXPECT_EQ(result.verdict, Verdict::kPassed);
  EXPECT_THAT(subjects(result), ElementsAre(records::Subject::kMemory, records::Subject::kLatency));
  EXPECT_EQ(result.not_judged[0].why, "unlike the earlier run: cpu: \"A\" then, \"B\" now");
  EXPECT_EQ(run(measured(1.0), measured(1.0), different(41.0, 1e-2), other).verdict, Verdict::kFailed);
}

TEST(Against, AMebibyteOfTensorMemoryIsTheMost) {
  EXPECT_EQ(run(measured(1.0, 1e8 + 1048576), measured(1.0)).verdict, Verdict::kPassed);
  const Judgement result = run(measured(1.0, 1e8 + 1048577), measured(1.0));
  EXPECT_EQ(result.verdict, Verdict::kFailed);
  EXPECT_THAT(result.reason, HasSubstr("more tensor memory"));
}

TEST(Against, SlowerFails) {
  const Judgement result = run(measured(1.25), measured(1.0));
  EXPECT_EQ(result.verdict, Verdict::kFailed);
  EXPECT_THAT(result.reason, HasSubstr("the time of the earlier run"));
}

TEST(Against, ASlowDayThatMeetsTheBaselineTooIsNoFailure) {
  const CaseResult now = measured(2.5), now_base = measured(5.0, 1e8, 1);
  const CaseResult then = measured(1.0), then_base = measured(2.0, 1e8, 1);
  EXPECT_EQ(judge_against(side(now, &now_base), side(then, &then_base), kSame, {}, {}).verdict,
            Verdict::kPassed);
}

TEST(Against, ASlowDayIsNoFailureOfABaselineWhoseYardstickWasSlowToo) {
  CaseResult now = measured(1.25);
  EXPECT_EQ(run(now, measured(1.0)).verdict, Verdict::kFailed);
  now.ranks[0].yardstick = yardstick(0.125, kRepeat);
  EXPECT_EQ(run(now, measured(1.0)).verdict, Verdict::kPassed);
  CaseResult then = measured(1.0);
  then.ranks[0].yardstick = yardstick(0.125, kRepeat);
  EXPECT_EQ(run(measured(1.0), then).verdict, Verdict::kFailed) << "as long on a faster day is slower";
}

TEST(Against, ABaselineWithoutAYardstickIsNotTimed) {
  CaseResult then = measured(1.0);
  then.ranks[0].yardstick.reset();
  const AgainstJudgement result = run(measured(9.0), then);
  EXPECT_EQ(result.verdict, Verdict::kPassed);
  EXPECT_THAT(subjects(result), ElementsAre(records::Subject::kLatency));
  EXPECT_THAT(result.not_judged[0].why, HasSubstr("did not time the yardstick"));
  EXPECT_FALSE(is_undecided(measured(9.0), then));
}

/// A result of two ranks whose stages take this long outside collectives.
CaseResult busy(double denoise_of_rank_1, double seconds = 1.0, int phase = 0) {
  CaseResult result = measured(seconds, 1e8, phase);
  result.ranks.resize(2, result.ranks[0]);
  for (int rank = 0; rank < 2; ++rank) {
    auto& stages = result.ranks[static_cast<std::size_t>(rank)].busy;
    for (int i = 0; i < kRepeat; ++i) {
      const double jitter = 1.0 + 0.004 * ((i + rank + phase) % 3);
      stages["text"].push_back(0.1 * jitter);
      stages["denoise"].push_back((rank == 1 ? denoise_of_rank_1 : 0.6) * jitter);
    }
  }
  return result;
}

TEST(Against, ASlowStageOfOneRankFailsAndIsNamedThoughTheWholeHidesIt) {
  const Judgement result = run(busy(0.66), busy(0.6));
  EXPECT_EQ(result.verdict, Verdict::kFailed);
  EXPECT_THAT(result.reason, HasSubstr("denoise on rank 1 takes 1.10x"));
}

TEST(Against, ARankWithOtherTilesIsNotSlow) {
  CaseResult now = busy(0.6), then = busy(0.6);
  const auto decode = [](CaseResult& result, double seconds, int column) {
    records::RankResult& rank = result.ranks[1];
    for (int i = 0; i < kRepeat; ++i) rank.busy["decode"].push_back(seconds * (1.0 + 0.004 * (i % 3)));
    rank.tiles = {{.row = 0, .column = 0}, {.row = 1, .column = column}};
  };
  decode(then, 0.3, 0);
  decode(now, 0.4, 1);
  EXPECT_EQ(run(now, then).verdict, Verdict::kPassed);
  EXPECT_THAT(run(now, then).notes, testing::Contains(HasSubstr("decode on rank 1 has other tiles")));
  now.ranks[1].tiles = then.ranks[1].tiles;
  EXPECT_THAT(run(now, then).notes, testing::Not(testing::Contains(HasSubstr("other tiles"))));
  EXPECT_THAT(run(now, then).reason, HasSubstr("decode on rank 1 takes 1.33x"));
}

TEST(Against, EqualStagesPass) { EXPECT_EQ(run(busy(0.6), busy(0.6)).verdict, Verdict::kPassed); }

TEST(Against, ASlowStageOfASlowDayIsNoFailure) {
  const CaseResult now = busy(0.9), then = busy(0.6), base = busy(0.6, 1.0, 1);
  CaseResult slow_base = busy(0.6, 1.0, 1);
  for (double& seconds : slow_base.ranks[0].busy["denoise"]) seconds *= 1.5;
  EXPECT_EQ(judge_against(side(now, &slow_base), side(then, &base), kSame, {}, {}).verdict, Verdict::kPassed);
}

/// The result with as many rounds again, of a second measurement.
CaseResult measured_again(CaseResult now, double seconds) {
  for (records::RankResult& rank : now.ranks) rank.yardstick = yardstick(0.1, 2 * kRepeat);
  for (int i = 0; i < kRepeat; ++i) now.latency.total_seconds.push_back(seconds * (1.0 + 0.002 * (i % 3)));
  return now;
}

TEST(Against, TimesMeasuredAgainMustBeSlowerToo) {
  const CaseResult now = measured(1.25), then = measured(1.0);
  EXPECT_TRUE(is_undecided(now, then));
  EXPECT_FALSE(is_undecided(then, then));
  EXPECT_EQ(run(measured_again(now, 1.0), then).verdict, Verdict::kPassed);
  const Judgement slower = run(measured_again(now, 1.25), then);
  EXPECT_EQ(slower.verdict, Verdict::kFailed);
  EXPECT_THAT(slower.reason, HasSubstr("slower both times"));
}

/// The result with total times, in which waiting is, that tell nothing.
CaseResult with_noisy_waiting(CaseResult result) {
  std::vector<double>& times = result.latency.total_seconds;
  for (std::size_t i = 0; i < times.size(); ++i) times[i] = i % 2 == 0 ? 0.6 : 1.7;
  return result;
}

TEST(Against, TimesTooNoisyToTellAreMeasuredAgain) {
  const CaseResult then = measured(1.0), now = with_noisy_waiting(then);
  EXPECT_EQ(run(now, then).verdict, Verdict::kUntrusted);
  EXPECT_TRUE(is_undecided(now, then));
  EXPECT_EQ(run(measured_again(now, 1.0), then).verdict, Verdict::kPassed);
}

TEST(Against, NoisyWaitingIsToldFromSteadyWork) {
  const CaseResult then = busy(0.6);
  CaseResult now = with_noisy_waiting(then);
  EXPECT_EQ(run(now, then).verdict, Verdict::kPassed);
  EXPECT_FALSE(is_undecided(now, then));
  std::vector<double>& denoise = now.ranks[0].busy["denoise"];
  const double first = denoise[0];
  for (double& seconds : denoise) seconds *= seconds == first ? 5.0 : 0.9;
  EXPECT_EQ(run(now, then).verdict, Verdict::kUntrusted) << "their work is noisy too";
}

TEST(Against, WaitingThatGrewIsNotExcusedByWork) {
  EXPECT_EQ(run(busy(0.6, 1.3), busy(0.6)).verdict, Verdict::kFailed);
}

TEST(Against, AStageThatIsHardlyAnyOfTheTimeIsNotJudgedByItself) {
  const auto with_text = [](double seconds) {
    CaseResult result = busy(0.6);
    for (double& time : result.ranks[0].busy["text"]) time *= seconds / 0.1;
    return result;
  };
  EXPECT_EQ(run(with_text(0.01), with_text(0.007)).verdict, Verdict::kPassed);
  EXPECT_THAT(run(with_text(0.1), with_text(0.07)).reason, HasSubstr("text on rank 0 takes 1.43x"));
}

TEST(Against, ARunThatIsResumedWithFewerRepetitionsIsNotTimed) {
  const CaseResult now = busy(0.66, 1.25), then = busy(0.6);
  const Side resumed{now, nullptr, 1};
  EXPECT_FALSE(is_slowdown_undecided(resumed, side(then), {}));
  const AgainstJudgement result = judge_against(resumed, side(then), kSame, {}, {});
  EXPECT_EQ(result.verdict, Verdict::kPassed);
  EXPECT_THAT(subjects(result), ElementsAre(records::Subject::kLatency));
}

TEST(Against, AStageMeasuredAgainMustBeSlowerToo) {
  CaseResult now = busy(0.66);
  const CaseResult then = busy(0.6);
  EXPECT_TRUE(is_undecided(now, then));
  now = measured_again(now, 1.0);
  std::vector<double>& denoise = now.ranks[1].busy["denoise"];
  for (int i = 0; i < kRepeat; ++i) denoise.push_back(0.6 * (1.0 + 0.004 * (i % 3)));
  EXPECT_EQ(run(now, then).verdict, Verdict::kPassed);
  for (std::size_t i = kRepeat; i < 2 * kRepeat; ++i) denoise[i] = 0.66 + 0.001 * static_cast<double>(i % 3);
  EXPECT_THAT(run(now, then).reason, HasSubstr("denoise on rank 1 takes 1.10x"));
}

/// Earlier runs of unchanged code, each of which was dealt another speed.
const std::vector<double> kDealt = {1.0, 1.07, 0.94, 1.05, 0.96, 1.02};

/// The verdict on a run that takes this long beside the first `count` of kDealt.
AgainstJudgement beside_runs(double seconds, std::size_t count) {
  std::vector<CaseResult> runs;
  for (std::size_t i = 0; i < count; ++i) runs.push_back(measured(kDealt[i], 1e8, static_cast<int>(i)));
  Side then = side(runs[0]);
  for (std::size_t i = 1; i < count; ++i) then.others.push_back(side(runs[i]));
  const CaseResult now = measured(seconds);
  return judge_against(side(now), then, kSame, {}, {});
}

TEST(Against, WhatRunsDifferByIsNoSlowdownBesideSeveral) {
  EXPECT_EQ(beside_runs(1.06, 1).verdict, Verdict::kFailed)
      << "a single run does not show what runs differ by";
  EXPECT_NE(beside_runs(1.06, 6).verdict, Verdict::kFailed);
  EXPECT_EQ(beside_runs(1.0, 6).verdict, Verdict::kPassed);
  const AgainstJudgement slower = beside_runs(2.0, 6);
  EXPECT_EQ(slower.verdict, Verdict::kFailed);
  EXPECT_THAT(slower.reason, HasSubstr("the time of 6 earlier runs"));
}

TEST(Against, ASingleEarlierRunIsSaidToShowNoSpreadBetweenRuns) {
  EXPECT_THAT(beside_runs(1.0, 1).notes, ElementsAre(HasSubstr("a single earlier run")));
  EXPECT_THAT(beside_runs(1.0, 2).notes, ElementsAre(HasSubstr("from 2 earlier runs")));
  EXPECT_TRUE(beside_runs(1.0, 5).notes.empty());
}

TEST(Against, AnotherRunWithoutTimesDoesNotCount) {
  const CaseResult now = measured(1.25), then = measured(1.0), untimed;
  Side first = side(then);
  first.others.push_back(side(untimed));
  EXPECT_EQ(judge_against(side(now), first, kSame, {}, {}).verdict, Verdict::kFailed);
}

CaseResult keeps(const std::vector<std::uint64_t>& after_each_step) {
  CaseResult result = measured(1.0);
  std::vector<records::LiveTensors>& left = result.ranks[0].live_tensor_bytes;
  for (std::size_t step = 0; step < after_each_step.size(); ++step)
    left.push_back({"denoise", static_cast<std::int64_t>(step), after_each_step[step]});
  left.push_back({"decode", std::nullopt, after_each_step.back()});
  return result;
}

TEST(Against, MemoryThatStepsKeepFailsAtTheFirstOfThem) {
  const Judgement result = run(keeps({5000000, 7000000, 8000000}), keeps({5000000, 6000000, 6500000}));
  EXPECT_EQ(result.verdict, Verdict::kFailed);
  EXPECT_THAT(result.reason, HasSubstr("denoise step 1 on rank 0 leaves 1.0 MiB behind, 1.4 MiB in the end"));
}

TEST(Against, AMebibyteMayBeKept) {
  EXPECT_EQ(run(keeps({5000000, 6000000}), keeps({5000000, 6000000 - 1048576})).verdict, Verdict::kPassed);
}

TEST(Against, SaysWhatIsUnlike) {
  records::Environment now, then;
  now.cpu = "B";
  then.cpu = "A";
  now.kernel = "another, which does not matter";
  now.device = std::vector<std::string>{"cpu", "cuda"};
  now.variables["DNNL_MAX_CPU_ISA"] = "AVX2";
  now.limits.cores = 4.0;
  EXPECT_THAT(unlike(now, then),
              ElementsAre("cpu: \"A\" then, \"B\" now", "limits: {} then, {\"cores\":4.0} now",
                          "variables: {} then, {\"DNNL_MAX_CPU_ISA\":\"AVX2\"} now"));
  EXPECT_TRUE(unlike(now, now).empty());
}

TEST(Against, MemoryOfMachinesIsAlikeButForATenth) {
  records::Environment now, then;
  then.memory_bytes = 24'000'000'000;
  for (const std::uint64_t bytes : {24'000'004'096ull, 22'000'000'000ull, 26'000'000'000ull}) {
    now.memory_bytes = bytes;
    EXPECT_TRUE(unlike(now, then).empty()) << bytes;
    EXPECT_TRUE(unlike(then, now).empty()) << bytes;
  }
  now.memory_bytes = 32'000'000'000;
  EXPECT_THAT(unlike(now, then), ElementsAre(HasSubstr("memory_bytes")));
}

}  // namespace
}  // namespace isoframe::harness::judge
