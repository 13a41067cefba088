#include "harness/judge/against.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isoframe::harness::judge {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

json yardstick(double seconds, std::size_t rounds = 10) {
  const std::vector<double> times(rounds, seconds);
  return {{"seconds", times}, {"busy_seconds", times}};
}

json measured(double seconds, double peak = 1e8) {
  json times = json::array();
  for (int i = 0; i < 10; ++i) times.push_back(seconds * (1.0 + 0.002 * (i % 3)));
  return {{"latency", {{"total_seconds", times}}},
          {"ranks", {{{"peak_tensor_bytes", peak}, {"yardstick", yardstick(0.1)}}}}};
}

json quality(bool identical, const json& psnr, double relative_l2) {
  return {{"identical", identical}, {"psnr", {{"mean", psnr}}}, {"float", {{"relative_l2", relative_l2}}}};
}

const json kSame = quality(true, "inf", 0.0);

Judgement run(const json& now, const json& then, const json& frames = kSame,
              const std::vector<std::string>& differences = {}) {
  return judge_against({now, json()}, {then, json()}, frames, differences, 1);
}

TEST(Against, AnEqualRunPasses) { EXPECT_EQ(run(measured(1.0), measured(1.0)).verdict, Verdict::kPassed); }

TEST(Against, OtherFramesOnALikeMachineFail) {
  const Judgement result = run(measured(1.0), measured(1.0), quality(false, 88.0, 1e-6));
  EXPECT_EQ(result.verdict, Verdict::kFailed);
  EXPECT_THAT(result.reason, HasSubstr("must be identical"));
}

TEST(Against, ABoundedLayoutMayDifferWithinItsBound) {
  json now = measured(1.0);
  now["numerics"] = {{"class", "bounded"}, {"relative_l2", 1e-5}};
  EXPECT_EQ(run(now, measured(1.0), quality(false, "inf", 1e-6)).verdict, Verdict::kPassed);
  EXPECT_EQ(run(now, measured(1.0), quality(false, 60.0, 1e-3)).verdict, Verdict::kFailed);
}

TEST(Against, UnlikeMachinesAreJudgedByTheirFramesOnly) {
  const std::vector<std::string> other = {"cpu: \"A\" then, \"B\" now"};
  EXPECT_EQ(run(measured(9.0, 9e9), measured(1.0), quality(false, 90.0, 1e-6), other).verdict,
            Verdict::kPassed);
  EXPECT_EQ(run(measured(1.0), measured(1.0), quality(false, 41.0, 1e-2), other).verdict, Verdict::kFailed);
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
  const json now = measured(2.5), now_base = measured(5.0), then = measured(1.0), then_base = measured(2.0);
  EXPECT_EQ(judge_against({now, now_base}, {then, then_base}, kSame, {}, 1).verdict, Verdict::kPassed);
}

TEST(Against, ASlowDayIsNoFailureOfABaselineWhoseYardstickWasSlowToo) {
  json now = measured(1.25);
  EXPECT_EQ(run(now, measured(1.0)).verdict, Verdict::kFailed);
  now["ranks"][0]["yardstick"] = yardstick(0.125);
  EXPECT_EQ(run(now, measured(1.0)).verdict, Verdict::kPassed);
  json then = measured(1.0);
  then["ranks"][0]["yardstick"] = yardstick(0.125);
  EXPECT_EQ(run(measured(1.0), then).verdict, Verdict::kFailed) << "as long on a faster day is slower";
}

TEST(Against, ABaselineWithoutAYardstickIsNotTimed) {
  json then = measured(1.0);
  then["ranks"][0].erase("yardstick");
  EXPECT_EQ(run(measured(9.0), then).verdict, Verdict::kPassed);
  EXPECT_FALSE(leaves_doubt({measured(9.0), json()}, {then, json()}, 1));
}

/// Two ranks whose stages take this long outside collectives.
json busy(double denoise_of_rank_1, double seconds = 1.0) {
  json result = measured(seconds);
  result["ranks"] = json::array();
  for (int rank = 0; rank < 2; ++rank) {
    json row = {{"peak_tensor_bytes", 1e8}, {"yardstick", yardstick(0.1)}};
    for (int i = 0; i < 10; ++i) {
      const double jitter = 1.0 + 0.004 * ((i + rank) % 3);
      row["busy"]["text"].push_back(0.1 * jitter);
      row["busy"]["denoise"].push_back((rank == 1 ? denoise_of_rank_1 : 0.6) * jitter);
    }
    result["ranks"].push_back(row);
  }
  return result;
}

TEST(Against, ASlowStageOfOneRankFailsAndIsNamedThoughTheWholeHidesIt) {
  const Judgement result = run(busy(0.66), busy(0.6));
  EXPECT_EQ(result.verdict, Verdict::kFailed);
  EXPECT_THAT(result.reason, HasSubstr("denoise on rank 1 takes 1.10x"));
}

TEST(Against, ARankWithOtherTilesIsNotSlow) {
  json now = busy(0.6), then = busy(0.6);
  const auto decode = [](json& result, double seconds, int column) {
    json& rank = result["ranks"][1];
    for (int i = 0; i < 10; ++i) rank["busy"]["decode"].push_back(seconds * (1.0 + 0.004 * (i % 3)));
    rank["tiles"] = {{{"row", 0}, {"column", 0}}, {{"row", 1}, {"column", column}}};
  };
  decode(then, 0.3, 0);
  decode(now, 0.4, 1);
  EXPECT_EQ(run(now, then).verdict, Verdict::kPassed);
  now["ranks"][1]["tiles"] = then["ranks"][1]["tiles"];
  EXPECT_THAT(run(now, then).reason, HasSubstr("decode on rank 1 takes 1.33x"));
}

TEST(Against, EqualStagesPass) { EXPECT_EQ(run(busy(0.6), busy(0.6)).verdict, Verdict::kPassed); }

TEST(Against, ASlowStageOfASlowDayIsNoFailure) {
  const json now = busy(0.9), then = busy(0.6);
  json slow_base = busy(0.6);
  const json base = busy(0.6);
  for (json& seconds : slow_base["ranks"][0]["busy"]["denoise"]) seconds = seconds.get<double>() * 1.5;
  EXPECT_EQ(judge_against({now, slow_base}, {then, base}, kSame, {}, 1).verdict, Verdict::kPassed);
}

/// As measured a second time, in as many rounds.
json measured_again(json now, double seconds) {
  now["case"]["repeat"] = 10;
  for (json& rank : now["ranks"]) rank["yardstick"] = yardstick(0.1, 20);
  for (int i = 0; i < 10; ++i) now["latency"]["total_seconds"].push_back(seconds * (1.0 + 0.002 * (i % 3)));
  return now;
}

TEST(Against, TimesMeasuredAgainMustBeSlowerToo) {
  const json now = measured(1.25), then = measured(1.0);
  EXPECT_TRUE(leaves_doubt({now, json()}, {then, json()}, 1));
  EXPECT_FALSE(leaves_doubt({then, json()}, {then, json()}, 1));
  EXPECT_EQ(run(measured_again(now, 1.0), then).verdict, Verdict::kPassed);
  const Judgement slower = run(measured_again(now, 1.25), then);
  EXPECT_EQ(slower.verdict, Verdict::kFailed);
  EXPECT_THAT(slower.reason, HasSubstr("slower both times"));
}

/// Its whole time, in which waiting is, says nothing.
json with_noisy_waiting(json result) {
  json& times = result["latency"]["total_seconds"];
  for (std::size_t i = 0; i < times.size(); ++i) times[i] = i % 2 == 0 ? 0.6 : 1.7;
  return result;
}

TEST(Against, TimesTooNoisyToTellAreMeasuredAgain) {
  const json then = measured(1.0), now = with_noisy_waiting(then);
  EXPECT_EQ(run(now, then).verdict, Verdict::kUntrusted);
  EXPECT_TRUE(leaves_doubt({now, json()}, {then, json()}, 1));
  EXPECT_EQ(run(measured_again(now, 1.0), then).verdict, Verdict::kPassed);
}

TEST(Against, NoisyWaitingIsToldFromSteadyWork) {
  const json then = busy(0.6);
  json now = with_noisy_waiting(then);
  EXPECT_EQ(run(now, then).verdict, Verdict::kPassed);
  EXPECT_FALSE(leaves_doubt({now, json()}, {then, json()}, 1));
  for (json& seconds : now["ranks"][0]["busy"]["denoise"])
    seconds = seconds.get<double>() * (seconds == now["ranks"][0]["busy"]["denoise"][0] ? 5.0 : 0.9);
  EXPECT_EQ(run(now, then).verdict, Verdict::kUntrusted) << "their work is noisy too";
}

TEST(Against, WaitingThatGrewIsNotExcusedByWork) {
  EXPECT_EQ(run(busy(0.6, 1.3), busy(0.6)).verdict, Verdict::kFailed);
}

TEST(Against, AStageThatIsHardlyAnyOfTheTimeIsNotJudgedByItself) {
  const auto with_text = [](double seconds) {
    json result = busy(0.6);
    for (json& time : result["ranks"][0]["busy"]["text"]) time = time.get<double>() * seconds / 0.1;
    return result;
  };
  EXPECT_EQ(run(with_text(0.01), with_text(0.007)).verdict, Verdict::kPassed);
  EXPECT_THAT(run(with_text(0.1), with_text(0.07)).reason, HasSubstr("text on rank 0 takes 1.43x"));
}

TEST(Against, ARunThatIsResumedWithFewerRepetitionsIsNotTimed) {
  json now = busy(0.66, 1.25);
  now["case"]["repeat"] = 1;
  EXPECT_FALSE(leaves_doubt({now, json()}, {busy(0.6), json()}, 1));
  EXPECT_EQ(run(now, busy(0.6)).verdict, Verdict::kPassed);
}

TEST(Against, AStageMeasuredAgainMustBeSlowerToo) {
  json now = busy(0.66);
  const json then = busy(0.6);
  EXPECT_TRUE(leaves_doubt({now, json()}, {then, json()}, 1));
  now = measured_again(now, 1.0);
  for (int i = 0; i < 10; ++i) now["ranks"][1]["busy"]["denoise"].push_back(0.6 * (1.0 + 0.004 * (i % 3)));
  EXPECT_EQ(run(now, then).verdict, Verdict::kPassed);
  for (int i = 10; i < 20; ++i)
    now["ranks"][1]["busy"]["denoise"][static_cast<std::size_t>(i)] = 0.66 + 0.001 * (i % 3);
  EXPECT_THAT(run(now, then).reason, HasSubstr("denoise on rank 1 takes 1.10x"));
}

json keeps(std::vector<std::int64_t> after_each_step) {
  json result = measured(1.0);
  json& places = result["ranks"][0]["live_tensor_bytes"];
  for (std::size_t step = 0; step < after_each_step.size(); ++step)
    places.push_back({{"stage", "denoise"}, {"step", step}, {"bytes", after_each_step[step]}});
  places.push_back({{"stage", "decode"}, {"step", nullptr}, {"bytes", after_each_step.back()}});
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
  const json now = {{"cpu", "B"}, {"cores", 2}}, then = {{"cpu", "A"}, {"cores", 2}};
  EXPECT_THAT(unlike(now, then), ElementsAre("cpu: \"A\" then, \"B\" now"));
  EXPECT_TRUE(unlike(now, now).empty());
}

}  // namespace
}  // namespace isoframe::harness::judge
