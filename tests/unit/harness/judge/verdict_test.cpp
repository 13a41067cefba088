#include "harness/judge/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/harness/judge/results.h"

namespace isoframe::harness::judge {
namespace {

records::CaseResult measured(double seconds = 1.0, std::uint64_t peak = 100) {
  return timed(std::vector<double>(5, seconds), peak);
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
    result_ = measured();
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
  baseline_.numerics = {records::NumericsClass::kBounded, 0.03};
  result_.numerics = {records::NumericsClass::kBounded, 0.04};
  result_.quality = quality(false, 60.0, 0.9999);
  EXPECT_EQ(run().verdict, Verdict::kPassed) << run().reason;
  // hypot(0.003, 0.004) is below the 0.02 of these frames.
  baseline_.numerics->relative_l2 = 0.003;
  result_.numerics->relative_l2 = 0.004;
  EXPECT_EQ(run().verdict, Verdict::kFailed);
  EXPECT_EQ(run().reason, "relative L2 2.0e-02 (at most 5.0e-03)");
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
  result_ = measured(0.6, 200);
  result_.quality = quality(false, 41.2, 0.9931);
  const std::string reason = run().reason;
  EXPECT_THAT(reason, testing::HasSubstr("PSNR 41.20 dB (needs 50.00 dB)"));
  EXPECT_THAT(reason, testing::HasSubstr("SSIM 0.993100 (needs 0.999000)"));
  EXPECT_THAT(reason, testing::HasSubstr("takes 0.600x the time of reference"));
  EXPECT_THAT(reason, testing::HasSubstr("2.000x the tensor memory"));
}

TEST_F(Judge, PassesWithinBounds) {
  case_.gates = scenario::Gates();
  case_.gates.psnr_min = 40.0;
  case_.gates.relative_l2_max = 0.05;
  case_.gates.max_difference_max = 0.5;
  case_.gates.latency_ratio_max = 1.0;
  result_.quality = quality(false, 41.2, 0.9931);
  EXPECT_EQ(run().verdict, Verdict::kPassed);
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
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
}

TEST_F(Judge, ACrashIsAnErrorWithItsMessage) {
  result_ = crashed("rank 1 was killed by signal 9");
  EXPECT_EQ(run().verdict, Verdict::kError);
  EXPECT_EQ(run().reason, "rank 1 was killed by signal 9");
}

TEST_F(Judge, NothingIsComparedWithABaselineThatCrashed) {
  baseline_ = crashed();
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
}

TEST_F(Judge, ABaselineThatDiffersFromItselfIsUntrusted) {
  case_.baseline.clear();
  case_.gates = {};
  result_.quality.reset();
  result_.quality_self = quality(true);
  EXPECT_EQ(run().verdict, Verdict::kPassed);
  result_.quality_self = quality(false, 45.0, 0.99);
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
}

}  // namespace
}  // namespace isoframe::harness::judge
