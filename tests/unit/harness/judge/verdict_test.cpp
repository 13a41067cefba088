#include "harness/judge/verdict.h"

#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/harness/judge/results.h"

namespace isoframe::harness::judge {
namespace {

/// Generations that took about so long; sides with another phase have a jitter of their own.
records::CaseResult measured(double seconds = 1.0, std::uint64_t peak = 100, int phase = 0) {
  std::vector<double> times;
  for (int i = 0; i < 5; ++i) times.push_back(seconds * (1.0 + 0.001 * ((3 * i + phase) % 4)));
  return timed(times, peak);
}

class Judge : public testing::Test {
 protected:
  Judge() {
    case_.name = "candidate";
    case_.baseline = "reference";
    case_.repeat = 5;
    case_.gates.identical = true;
    baseline_ = measured();
    baseline_.quality_self = quality(true);
    result_ = measured(1.0, 100, 1);
    result_.quality = quality(true);
  }
  Judgement run() const { return judge(case_, result_, case_.baseline.empty() ? nullptr : &baseline_); }

  scenario::Case case_;
  records::CaseResult baseline_, result_;
};

TEST_F(Judge, PassesIdenticalFrames) {
  EXPECT_EQ(run().verdict, Verdict::kPassed);
  EXPECT_EQ(run().reason, "");
}

TEST_F(Judge, FailsDifferentFramesAndSaysByHowMuch) {
  result_.quality = quality(false, 41.2, 0.9931);
  EXPECT_EQ(run().verdict, Verdict::kFailed);
  EXPECT_THAT(run().reason,
              testing::HasSubstr("frames differ from reference: PSNR 41.20 dB (needs inf), SSIM 0.993100"));
  EXPECT_THAT(run().reason, testing::HasSubstr("first in frame 3"));
}

TEST_F(Judge, BoundedFramesMayDifferByWhatBothOrdersOfAdditionAccountFor) {
  case_.gates = scenario::Gates();
  case_.gates.bounded = true;
  baseline_.numerics = {records::NumericsClass::kBounded, 0.009};
  result_.numerics = {records::NumericsClass::kBounded, 0.012};
  result_.quality = quality(false, 60.0, 0.9999, 0.0149);
  EXPECT_EQ(run().verdict, Verdict::kPassed) << run().reason;
  // hypot(0.003, 0.004) is below the 0.0149 of these frames.
  baseline_.numerics->relative_l2 = 0.003;
  result_.numerics->relative_l2 = 0.004;
  EXPECT_EQ(run().verdict, Verdict::kFailed);
  EXPECT_EQ(run().reason, "relative L2 1.5e-02 (at most 5.0e-03)");
  result_.quality = quality(false, 20.0, 0.5);
  EXPECT_THAT(run().reason, testing::HasSubstr("PSNR 20.00 dB (needs"));
  EXPECT_THAT(run().reason, testing::HasSubstr("SSIM 0.500000 (needs"));
}

TEST_F(Judge, NamesEveryBrokenGate) {
  case_.gates = scenario::Gates();
  case_.gates.psnr_min = 50.0;
  case_.gates.ssim_min = 0.999;
  case_.gates.latency_ratio_max = 0.5;
  case_.gates.peak_tensor_ratio_max = 1.5;
  result_ = measured(0.6, 200, 1);
  result_.quality = quality(false, 41.2, 0.9931);
  const std::string reason = run().reason;
  EXPECT_THAT(reason, testing::HasSubstr("PSNR 41.20 dB (needs 50.00 dB)"));
  EXPECT_THAT(reason, testing::HasSubstr("SSIM 0.993100 (needs 0.999000)"));
  EXPECT_THAT(reason, testing::ContainsRegex("takes (0.599|0.600|0.601)x the time of reference"));
  EXPECT_THAT(reason, testing::HasSubstr("2.000x the tensor memory"));
}

TEST_F(Judge, PassesWithinBounds) {
  case_.gates = scenario::Gates();
  case_.gates.psnr_min = 40.0;
  case_.gates.relative_l2_max = 0.05;
  case_.gates.max_difference_max = 0.5;
  case_.gates.latency_ratio_max = 1.02;
  result_.quality = quality(false, 41.2, 0.9931);
  EXPECT_EQ(run().verdict, Verdict::kPassed);
}

TEST_F(Judge, NoGatePassesWhatIsNoNumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const scenario::Gate& gate : scenario::kGates) {
    EXPECT_TRUE(scenario::is_beyond(gate, nan, 0.5)) << gate.name;
    EXPECT_TRUE(scenario::is_beyond(gate, 0.5, nan)) << gate.name;
  }
  case_.gates.bounded = true;
  result_.numerics = {records::NumericsClass::kBounded, 0.01};
  result_.quality = quality(true, kInfinity, 1.0);
  result_.quality->floats->relative_l2 = nan;
  EXPECT_EQ(run().verdict, Verdict::kFailed);
}

TEST_F(Judge, ARatioOfNothingToNothingIsNotJudged) {
  case_.gates.peak_tensor_ratio_max = 1.0;
  baseline_ = measured(1.0, 0);
  baseline_.quality_self = quality(true);
  result_ = measured(1.0, 0);
  result_.quality = quality(true);
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
  EXPECT_EQ(run().reason, "nothing was measured for peak_tensor_ratio_max");
  result_ = measured(1.0, 1);
  result_.quality = quality(true);
  EXPECT_EQ(run().verdict, Verdict::kFailed) << "something to nothing is beyond any bound";
}

TEST_F(Judge, ANumberGateFailsWhereItIsExceeded) {
  case_.gates = scenario::Gates();
  case_.gates.relative_l2_max = 0.01;
  result_.quality = quality(false, 41.2, 0.9931);
  EXPECT_EQ(run().verdict, Verdict::kFailed);
  case_.gates = scenario::Gates();
  case_.gates.max_difference_max = 0.1;
  EXPECT_EQ(run().verdict, Verdict::kFailed);
}

TEST_F(Judge, NoGateIsTighterThanTheBaselinesOwnNoise) {
  baseline_.quality_self = quality(false, 45.0, 0.99);
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
  EXPECT_THAT(run().reason, testing::HasSubstr("does not repeat itself (A/A: PSNR 45.00 dB"));
  case_.gates = scenario::Gates();
  case_.gates.psnr_min = 40.0;
  EXPECT_EQ(run().verdict, Verdict::kPassed);
  case_.gates = scenario::Gates();
  case_.gates.psnr_min = 46.0;
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
}

/// One gate that reads a number of the comparison.
struct NumberGate {
  const char* name;
  std::optional<double> scenario::Gates::*bound;
  double asked, good, bad;
  void (*set)(records::Quality&, double);
  const char* reason;
};

class EachGate : public Judge, public testing::WithParamInterface<NumberGate> {
 protected:
  EachGate() {
    case_.gates = scenario::Gates();
    case_.gates.*GetParam().bound = GetParam().asked;
    result_.quality = with(GetParam().good);
  }
  static records::Quality with(double value) {
    records::Quality result = quality(false);
    GetParam().set(result, value);
    return result;
  }
};

TEST_P(EachGate, HoldsWithinItsBoundAndBreaksBeyond) {
  EXPECT_EQ(run().verdict, Verdict::kPassed) << run().reason;
  result_.quality = with(GetParam().asked);
  EXPECT_EQ(run().verdict, Verdict::kPassed) << run().reason;
  result_.quality = with(GetParam().bad);
  EXPECT_EQ(run().verdict, Verdict::kFailed);
  EXPECT_EQ(run().reason, GetParam().reason);
}

TEST_P(EachGate, IsNoTighterThanTheBaselinesOwnNoise) {
  baseline_.quality_self = with(GetParam().good);
  EXPECT_EQ(run().verdict, Verdict::kPassed) << run().reason;
  baseline_.quality_self = with(GetParam().bad);
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
  EXPECT_THAT(run().reason, testing::HasSubstr("does not repeat itself"));
}

INSTANTIATE_TEST_SUITE_P(
    Gates, EachGate,
    testing::Values(
        NumberGate{"psnr_min", &scenario::Gates::psnr_min, 40.0, 41.0, 39.0,
                   [](records::Quality& quality, double value) { quality.psnr.mean = value; },
                   "PSNR 39.00 dB (needs 40.00 dB)"},
        NumberGate{"ssim_min", &scenario::Gates::ssim_min, 0.9, 0.95, 0.85,
                   [](records::Quality& quality, double value) { quality.ssim->mean = value; },
                   "SSIM 0.850000 (needs 0.900000)"},
        NumberGate{"relative_l2_max", &scenario::Gates::relative_l2_max, 0.1, 0.05, 0.2,
                   [](records::Quality& quality, double value) { quality.floats->relative_l2 = value; },
                   "relative L2 2.0e-01 (at most 1.0e-01)"},
        NumberGate{"max_difference_max", &scenario::Gates::max_difference_max, 0.1, 0.05, 0.2,
                   [](records::Quality& quality, double value) { quality.floats->max_difference = value; },
                   "largest difference 2.0e-01 (at most 1.0e-01)"},
        NumberGate{"ms_ssim_min", &scenario::Gates::ms_ssim_min, 0.9, 0.95, 0.85,
                   [](records::Quality& quality, double value) { quality.ms_ssim.emplace().mean = value; },
                   "MS-SSIM 0.850000 (needs 0.900000)"},
        NumberGate{"temporal_max", &scenario::Gates::temporal_max, 2.0, 1.0, 3.0,
                   [](records::Quality& quality, double value) { quality.temporal.max = value; },
                   "temporal difference 3.0e+00 (at most 2.0e+00)"},
        NumberGate{"latents_relative_l2_max", &scenario::Gates::latents_relative_l2_max, 0.1, 0.05, 0.2,
                   [](records::Quality& quality, double value) { quality.latents = {value}; },
                   "the latents' relative L2 2.0e-01 (at most 1.0e-01)"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(Judge, AGateOnWhatWasNotMeasuredIsUntrusted) {
  case_.gates = scenario::Gates();
  case_.gates.ms_ssim_min = 0.9;
  case_.gates.latents_relative_l2_max = 0.1;
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
  EXPECT_EQ(run().reason, "nothing was measured for ms_ssim_min, latents_relative_l2_max");
}

TEST_F(Judge, DoesNotTrustABaselineThatRanOnce) {
  baseline_.quality_self.reset();
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
}

TEST_F(Judge, DoesNotTrustFramesThatCannotFail) {
  result_.quality->trusted = false;
  result_.quality->untrusted_reason = "frame 0 has no contrast";
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
  EXPECT_EQ(run().reason, "frame 0 has no contrast");
}

TEST_F(Judge, DoesNotTrustACaseThatDoesNotRepeatItself) {
  result_.repeats_identically = false;
  result_.repetition_psnr = {kInfinity, 41.0, kInfinity, 41.5};
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
  EXPECT_EQ(
      run().reason,
      "its own repetitions gave different frames: 2 of 5 repetitions differ from the first, PSNR down to "
      "41.00 dB (repetition 3); two modes: inf (2 repetitions) and 41.25 dB (2)");
  result_.repetition_psnr = {kInfinity};
  EXPECT_EQ(run().reason,
            "its own repetitions gave different frames: repetitions differ in floats, none in 8 bits");
}

TEST_F(Judge, ACrashIsAnErrorWithItsMessage) {
  result_ = crashed("rank 1 was killed by signal 9");
  EXPECT_EQ(run().verdict, Verdict::kError);
  EXPECT_EQ(run().reason, "rank 1 was killed by signal 9");
}

TEST_F(Judge, NothingIsComparedWithABaselineThatCrashed) {
  baseline_ = crashed("base/.rounds/0/done.json: damaged");
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
  EXPECT_EQ(run().reason, "nothing to compare with: its baseline '" + case_.baseline +
                              "' is in error: base/.rounds/0/done.json: damaged");
}

TEST_F(Judge, ABaselineThatDiffersFromItselfIsUntrusted) {
  case_.baseline.clear();
  case_.gates = {};
  result_.quality.reset();
  result_.quality_self = quality(true);
  EXPECT_EQ(run().verdict, Verdict::kPassed);
  result_.quality_self = quality(false, 45.0, 0.99);
  result_.repeats_identically = false;
  result_.repetition_psnr = {kInfinity, 45.0};
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
  EXPECT_THAT(run().reason,
              testing::HasSubstr("1 of 3 repetitions differ from the first, PSNR down to 45.00 dB"));
}

}  // namespace
}  // namespace isoframe::harness::judge
