#include "harness/run/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isoframe::harness::run {
namespace {

using reports::records::CaseResult;
using reports::records::CaseRow;
using reports::records::Failure;
using reports::records::RankRecord;
using reports::records::RankResult;
using reports::records::StageSample;
using reports::records::Status;
using reports::records::Verdict;
using testing::ElementsAre;
using testing::Pair;

RankRecord rank(int rank, double total, double decode_tile, std::uint64_t peak) {
  RankRecord record;
  record.rank = rank;
  record.pid = 100 + rank;
  record.load_seconds = 0.5 + rank;
  record.total_seconds = total;
  record.communication_seconds = 0.125;
  record.stages = {{"text", {0.25}},
                   {"denoise", {total / 2}},
                   {"denoise.step", {total / 4, total / 4 + 1.0}},
                   {"decode", {1.0}},
                   {"decode.tile", {decode_tile, decode_tile}}};
  record.busy = {{"denoise", total / 2 - 0.125}};
  record.peak_resident_bytes = 10 * peak;
  record.peak_proportional_bytes = 5 * peak;
  record.peak_tensor_bytes = peak;
  return record;
}

scenario::Case two_ranks() {
  scenario::Case spec;
  spec.name = "two";
  spec.baseline = "one";
  spec.layout.ulysses = 2;
  return spec;
}

CaseResult two_rounds() {
  return assemble_result(
      two_ranks(),
      {{rank(0, 2.0, 0.5, 100), rank(1, 2.0, 0.75, 80)}, {rank(0, 4.0, 0.5, 90), rank(1, 4.0, 0.25, 120)}},
      std::nullopt, {});
}

CaseResult failed() {
  Failure failure;
  failure.rank = 1;
  failure.message = "gone";
  return assemble_result(two_ranks(), {}, failure, {});
}

TEST(AssembleResult, TakesTotalsOfRankZeroAndTheSlowestRankOfEachStage) {
  const CaseResult result = two_rounds();
  EXPECT_EQ(result.status, Status::kOk);
  EXPECT_THAT(result.latency.total_seconds, ElementsAre(2.0, 4.0));
  EXPECT_THAT(result.latency.load_seconds, ElementsAre(1.5, 1.5));
  const auto& stages = result.latency.stages;
  EXPECT_THAT(stages.at("decode.tile"), ElementsAre(StageSample(1.5), StageSample(1.0)));
  EXPECT_THAT(stages.at("denoise.step"),
              ElementsAre(StageSample(std::vector{0.5, 1.5}), StageSample(std::vector{1.0, 2.0})));
  EXPECT_THAT(stages.at("communication"), ElementsAre(StageSample(0.125), StageSample(0.125)));
}

TEST(AssembleResult, KeepsEachRanksOwnStagesAndTheLargestPeaks) {
  const std::vector<RankResult> ranks = two_rounds().ranks;
  ASSERT_EQ(ranks.size(), 2u);
  EXPECT_THAT(ranks[1].stages.at("decode.tile"), ElementsAre(StageSample(1.5), StageSample(0.5)));
  EXPECT_EQ(ranks[0].peak_tensor_bytes, 100);
  EXPECT_EQ(ranks[1].peak_tensor_bytes, 120);
  EXPECT_EQ(ranks[1].peak_resident_bytes, 1200);
  EXPECT_EQ(ranks[1].pid, 101);
  EXPECT_THAT(ranks[1].busy, ElementsAre(Pair("denoise", ElementsAre(0.875, 1.875))));
}

TEST(AssembleResult, KeepsABaselinesYardsticks) {
  RankRecord first = rank(0, 2.0, 0.5, 100), second = first;
  first.yardstick = {.seconds = 0.25, .busy_seconds = 0.125};
  second.yardstick = {.seconds = 0.5, .busy_seconds = 0.375};
  const CaseResult result = assemble_result({}, {{first}, {second}}, std::nullopt, {});
  ASSERT_TRUE(result.ranks[0].yardstick);
  EXPECT_THAT(result.ranks[0].yardstick->seconds, ElementsAre(0.25, 0.5));
  EXPECT_THAT(result.ranks[0].yardstick->busy_seconds, ElementsAre(0.125, 0.375));
  EXPECT_FALSE(two_rounds().ranks[0].yardstick);
}

TEST(AssembleResult, AFailedCaseKeepsItsError) {
  const CaseResult result = failed();
  EXPECT_EQ(result.status, Status::kError);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->rank, 1);
  EXPECT_TRUE(result.latency.total_seconds.empty());
}

TEST(SummaryRow, ComparesMediansWithTheBaselines) {
  CaseResult result = two_rounds(), baseline = result;
  result.verdict = Verdict::kPassed;
  baseline.latency.total_seconds = {6.0, 6.0};
  const CaseRow row = summary_row(two_ranks(), result, &baseline);
  EXPECT_EQ(row.seconds, 3.0);
  EXPECT_EQ(row.seconds_min, 2.0);
  EXPECT_EQ(row.seconds_max, 4.0);
  EXPECT_EQ(row.speedup, 2.0);
  EXPECT_EQ(row.efficiency, 1.0);
  EXPECT_EQ(row.peak_tensor_bytes, 120);
  EXPECT_EQ(row.proportional_sum_bytes, 500 + 600);
  EXPECT_EQ(row.stages.at("denoise"), 1.5);
  EXPECT_FALSE(row.stages.at("image")) << "text-to-video has no such stage";
  EXPECT_FALSE(row.psnr);
}

TEST(SummaryRow, ACaseWithoutMeasurementsHasNone) {
  CaseResult result = failed();
  result.verdict = Verdict::kError;
  result.reason = "gone";
  const CaseRow row = summary_row(two_ranks(), result, &result);
  EXPECT_EQ(row.verdict, Verdict::kError);
  EXPECT_EQ(row.reason, "gone");
  EXPECT_FALSE(row.seconds);
  EXPECT_FALSE(row.speedup);
}

}  // namespace
}  // namespace isoframe::harness::run
