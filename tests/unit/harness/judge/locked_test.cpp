#include "harness/judge/locked.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "harness/judge/locked_comparison.h"
#include "harness/judge/verdict.h"
#include "tests/unit/harness/judge/results.h"

namespace isoframe::harness::judge {
namespace {

using records::LockedPart;
using records::LockedRecord;
using records::LockedTensor;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr float kNanFloat = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinityFloat = std::numeric_limits<float>::infinity();

/// A prediction of step 3 that is as far from float32 as the baseline's.
LockedTensor prediction(std::int64_t step = 3) {
  LockedTensor tensor;
  tensor.part = LockedPart::kTransformer;
  tensor.step = step;
  tensor.tensor = "prediction";
  tensor.rms = 1.0;
  tensor.compared = 1000;
  tensor.baseline = {.rms = 0.01, .largest = 0.04, .mean = 0.0};
  tensor.candidate = tensor.baseline;
  return tensor;
}

/// The limit that a prediction breaks beside a float32 reference.
std::string broken(const LockedTensor& tensor) { return broken_limit(tensor, "float32", {}); }

TEST(LockedLimits, HoldAtEachLimitAndBreakBeyondIt) {
  LockedTensor tensor = prediction();
  EXPECT_THAT(broken(tensor), IsEmpty());
  tensor.candidate.rms = 0.0125;
  EXPECT_THAT(broken(tensor), IsEmpty());
  tensor.candidate.rms = 0.0126;
  EXPECT_EQ(broken(tensor), "is 1.26x as far from float32 as the baseline (RMS; at most 1.25x)");

  tensor = prediction();
  tensor.candidate.largest = 0.06;
  EXPECT_THAT(broken(tensor), IsEmpty());
  tensor.candidate.largest = 0.0604;
  EXPECT_EQ(broken(tensor), "is 1.51x as far from float32 as the baseline (largest element; at most 1.5x)");

  tensor = prediction();
  tensor.candidate.mean = -0.0025;
  EXPECT_THAT(broken(tensor), IsEmpty());
  tensor.candidate.mean = -0.0026;
  EXPECT_EQ(broken(tensor), "has a mean error of 0.26 of its RMS (at most 0.25)");
  // The baseline's own errors have that sign too.
  tensor.baseline.mean = -0.0026;
  EXPECT_THAT(broken(tensor), IsEmpty());
}

TEST(LockedLimits, TheLargestOfFewValuesMayVaryAsChanceHasIt) {
  LockedTensor tensor = prediction();
  tensor.baseline.largest = 0.03;
  tensor.candidate.largest = 0.056;  // of 1000 values; sqrt(2 ln 1e7) times the RMS is 0.0568
  EXPECT_THAT(broken(tensor), IsEmpty());
  tensor.candidate.largest = 0.057;
  EXPECT_EQ(broken(tensor), "is 1.90x as far from float32 as the baseline (largest element; at most 1.89x)");
}

TEST(LockedLimits, LatentsAreHeldByTheirRms) {
  LockedTensor tensor = prediction();
  tensor.tensor = "latents";
  tensor.candidate.largest = 0.09;
  EXPECT_THAT(broken(tensor), IsEmpty());
  tensor.candidate.rms = 0.0126;
  EXPECT_THAT(broken(tensor), HasSubstr("RMS"));
}

TEST(LockedLimits, NonFiniteValuesInOtherPlacesAndDistancesAreBeyond) {
  LockedTensor tensor = prediction();
  tensor.non_finite_elsewhere = 1;
  EXPECT_THAT(broken(tensor), HasSubstr("has NaN or infinity in other places than the baseline, 1 in all"));
  tensor = prediction();
  tensor.candidate.rms = kNan;
  EXPECT_THAT(broken(tensor), Not(IsEmpty()));
  tensor = prediction();
  tensor.baseline.largest = kNan;
  EXPECT_THAT(broken(tensor), Not(IsEmpty()));
}

TEST(LockedLimits, ABaselineThatEqualsFloat32LeavesNoRoom) {
  LockedTensor tensor = prediction();
  tensor.baseline = tensor.candidate = {};
  EXPECT_THAT(broken(tensor), IsEmpty());
  tensor.candidate.rms = 1e-9;
  EXPECT_EQ(broken(tensor), "is 1.0e-09 from float32 (RMS), which the baseline equals");
}

TEST(LockedLimits, AFloat32BaselineIsHeldByTheBoundOfOneStep) {
  LockedTensor tensor = prediction();
  tensor.rms = 2.0;
  tensor.baseline = {};
  tensor.candidate = {.rms = 0.002, .largest = 1.0, .mean = 0.002};
  EXPECT_THAT(broken_limit(tensor, "baseline", {.of_step = 0.001, .of_video = 0.0}), IsEmpty());
  EXPECT_EQ(broken_limit(tensor, "baseline", {.of_step = 0.0009, .of_video = 0.0}),
            "is 1.0e-03 from the baseline (relative RMS; at most 9.0e-04)");
  // A layout that promises the same bits.
  EXPECT_THAT(broken_limit(tensor, "baseline", {}), Not(IsEmpty()));
  tensor.candidate = {};
  EXPECT_THAT(broken_limit(tensor, "baseline", {}), IsEmpty());
  tensor.candidate.rms = kNan;
  EXPECT_THAT(broken_limit(tensor, "baseline", {.of_step = 1.0, .of_video = 1.0}), Not(IsEmpty()));
}

class LockedJudge : public testing::Test {
 protected:
  LockedJudge() {
    case_.name = "candidate";
    case_.baseline = "reference";
    case_.steps = 4;
    case_.gates.bounded = true;
    result_ = timed({1.0, 1.0}, 100);
    baseline_ = timed({1.0, 1.0}, 100);
    baseline_.quality_self = quality(true);
    result_.quality = quality(false, 40.0, 0.99, 0.02);
    result_.numerics = {records::NumericsClass::kBounded, 1.2};
    LockedRecord& record = result_.locked.emplace();
    record.exact = "float32";
    record.twin_relative_l2 = 0.01;
    record.tensors = {prediction(0), prediction(1)};
  }
  Judgement run() const { return judge(case_, result_, &baseline_); }

  scenario::Case case_;
  records::CaseResult result_, baseline_;
};

TEST_F(LockedJudge, JudgesWhereTheBoundProvesNothing) {
  EXPECT_TRUE(is_judged_locked(case_, result_, baseline_));
  EXPECT_EQ(run().verdict, Verdict::kPassed) << run().reason;
  result_.numerics->relative_l2 = kProvingBound;
  EXPECT_FALSE(is_judged_locked(case_, result_, baseline_));
  case_.compare_by = "locked";
  EXPECT_TRUE(is_judged_locked(case_, result_, baseline_));
  result_.numerics->relative_l2 = kNan;
  case_.compare_by = "auto";
  EXPECT_TRUE(is_judged_locked(case_, result_, baseline_));
  case_.gates = {};
  EXPECT_FALSE(is_judged_locked(case_, result_, baseline_));
}

TEST_F(LockedJudge, NamesTheFirstPartAndStepThatIsTooFar) {
  result_.locked->tensors = {prediction(0), prediction(3), prediction(4)};
  result_.locked->tensors[1].candidate.rms = 0.0241;
  result_.locked->tensors[2].candidate.rms = 0.03;
  EXPECT_EQ(run().verdict, Verdict::kFailed);
  EXPECT_EQ(run().reason,
            "transformer at step 3 is 2.41x as far from float32 as the baseline (RMS; at most 1.25x), and 1 "
            "tensor after it too");
}

TEST_F(LockedJudge, HoldsTheWholeVideoToTwiceTheTwinsDistance) {
  result_.quality->floats->relative_l2 = 0.0201;
  EXPECT_EQ(run().verdict, Verdict::kFailed);
  EXPECT_EQ(run().reason, "relative L2 2.0e-02 (at most 2.0e-02)");
  result_.locked->twin_relative_l2 = 0.02;
  EXPECT_EQ(run().verdict, Verdict::kPassed) << run().reason;
}

TEST_F(LockedJudge, WithoutALockedRunNothingIsJudged) {
  result_.locked.reset();
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
  EXPECT_EQ(run().reason, "not compared with 'reference' step by step; go on with --resume");
}

TEST_F(LockedJudge, DistrustsWhatProvesNothing) {
  const LockedRecord sound = *result_.locked;
  result_.locked->tensors[1].compared = 0;
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
  EXPECT_THAT(run().reason, HasSubstr("no value is finite"));

  result_.locked = sound;
  result_.locked->tensors[1].baseline.rms = result_.locked->tensors[1].candidate.rms = 0.51;
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
  EXPECT_THAT(run().reason, HasSubstr("being as near proves nothing"));

  result_.locked = sound;
  result_.locked->tensors.clear();
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);

  result_.locked = sound;
  result_.locked->unrepeated_step = 1;
  EXPECT_EQ(run().verdict, Verdict::kUntrusted);
  EXPECT_THAT(run().reason, HasSubstr("does not repeat itself: from the same latents, step 1"));

  for (const double apart : {0.26, kNan}) {
    result_.locked = sound;
    result_.locked->twin_relative_l2 = apart;
    result_.quality->floats->relative_l2 = 0.0;
    EXPECT_NE(run().verdict, Verdict::kPassed) << apart;
  }
}

TEST_F(LockedJudge, AFloat32BaselinesVideoIsHeldByTheBound) {
  case_.gates = {};
  case_.compare_by = "locked";
  result_.locked->exact = "baseline";
  result_.locked->twin_relative_l2.reset();
  for (LockedTensor& tensor : result_.locked->tensors) {
    tensor.baseline = {};
    tensor.candidate = {.rms = 0.004, .largest = 0.01, .mean = 0.0};
  }
  result_.numerics->relative_l2 = 0.01;  // 0.005 a step, of four
  result_.quality->floats->relative_l2 = 0.01;
  EXPECT_EQ(run().verdict, Verdict::kPassed) << run().reason;
  result_.quality->floats->relative_l2 = 0.0101;
  EXPECT_EQ(run().verdict, Verdict::kFailed);
  result_.quality->floats->relative_l2 = 0.01;
  result_.locked->tensors[0].candidate.rms = 0.0051;
  EXPECT_EQ(run().verdict, Verdict::kFailed);
}

locate::LockedResults results(const at::Tensor& value, std::int64_t step = 0) {
  return {{{LockedPart::kTransformer, step, "prediction"}, value}};
}

TEST(LockedComparison, MeasuresBothFromTheExactTensor) {
  const at::Tensor exact = at::tensor({1.0F, -1.0F, 1.0F, -1.0F});
  const LockedRun truth = {results(exact)}, own = {results(exact + 0.5)};
  const LockedRecord record =
      compare_locked(&truth, own, {results(exact + at::tensor({0.0F, 0.0F, 0.0F, 2.0F}))});
  ASSERT_EQ(record.tensors.size(), 1U);
  const LockedTensor& tensor = record.tensors[0];
  EXPECT_EQ(tensor.place(), "transformer at step 0");
  EXPECT_DOUBLE_EQ(tensor.rms, 1.0);
  EXPECT_DOUBLE_EQ(tensor.baseline.rms, 0.5);
  EXPECT_DOUBLE_EQ(tensor.baseline.mean, 0.5);
  EXPECT_DOUBLE_EQ(tensor.candidate.rms, 1.0);
  EXPECT_DOUBLE_EQ(tensor.candidate.largest, 2.0);
  EXPECT_DOUBLE_EQ(tensor.candidate.mean, 0.5);
  EXPECT_EQ(tensor.compared, 4);
}

TEST(LockedComparison, CountsNonFiniteValuesInOtherPlaces) {
  const at::Tensor exact = at::zeros({4});
  const LockedRun truth = {results(exact)};
  const auto elsewhere = [&](const at::Tensor& own, const at::Tensor& candidate) {
    return compare_locked(&truth, {results(own)}, {results(candidate)}).tensors[0].non_finite_elsewhere;
  };
  const at::Tensor with_nan = at::tensor({0.0F, kNanFloat, 0.0F, 0.0F});
  const at::Tensor with_infinity = at::tensor({0.0F, kInfinityFloat, 0.0F, 0.0F});
  EXPECT_EQ(elsewhere(with_nan, with_nan), 0);
  EXPECT_EQ(elsewhere(with_infinity, with_infinity), 0);
  EXPECT_EQ(elsewhere(with_infinity, -with_infinity), 1);
  EXPECT_EQ(elsewhere(with_nan, with_infinity), 1);
  EXPECT_EQ(elsewhere(exact, with_nan), 1);
  EXPECT_EQ(elsewhere(with_nan, with_nan.roll(1, 0)), 2);
  EXPECT_EQ(compare_locked(&truth, {results(with_nan)}, {results(with_nan)}).tensors[0].compared, 3);
}

TEST(LockedComparison, TakesTheRankThatIsFurthestAway) {
  const at::Tensor exact = at::zeros({4});
  const LockedRun truth = {results(exact)}, own = {results(exact + 1.0)};
  const LockedRecord record =
      compare_locked(&truth, own, {results(exact + 1.0), results(exact + 3.0), results(exact + 2.0)});
  EXPECT_EQ(record.tensors[0].rank, 1);
  EXPECT_DOUBLE_EQ(record.tensors[0].candidate.rms, 3.0);
}

TEST(LockedComparison, RefusesWhatIsMissingOrOfAnotherShape) {
  const LockedRun truth = {results(at::zeros({4}))};
  EXPECT_THAT([&] { compare_locked(&truth, truth, {{}}); },
              testing::ThrowsMessage<RunError>(HasSubstr("no rank of the case left transformer 0")));
  EXPECT_THROW(compare_locked(&truth, truth, {results(at::zeros({5}))}), RunError);
  EXPECT_THROW(compare_locked(nullptr, truth, {results(at::zeros({4}), 1)}), RunError);
}

TEST(LockedComparison, SeesWhereABaselineDoesNotRepeatItself) {
  const auto latents = [](std::int64_t step, float value) {
    return std::pair{locate::LockedName{LockedPart::kTransformer, step, "latents"}, at::full({2}, value)};
  };
  const LockedRun run = {{latents(0, 1.0F), latents(1, kNanFloat)}};
  EXPECT_EQ(first_unrepeated_step(run, {at::full({2}, 1.0F), at::full({2}, kNanFloat)}), std::nullopt);
  EXPECT_EQ(first_unrepeated_step(run, {at::full({2}, 1.0F), at::full({2}, 2.0F)}), 1);
  EXPECT_EQ(first_unrepeated_step(run, {at::full({2}, 2.0F)}), 0);
}

}  // namespace
}  // namespace isoframe::harness::judge
