#include "harness/run/result.h"

#include <gtest/gtest.h>

namespace isoframe::harness::run {
namespace {

using nlohmann::json;

json rank(int rank, double total, double decode_tile, std::uint64_t peak) {
  return {{"rank", rank},
          {"pid", 100 + rank},
          {"load_seconds", 0.5 + rank},
          {"total_seconds", total},
          {"communication_seconds", 0.125},
          {"stages",
           {{"text", {0.25}},
            {"denoise", {total / 2}},
            {"denoise.step", {total / 4, total / 4 + 1.0}},
            {"decode", {1.0}},
            {"decode.tile", {decode_tile, decode_tile}}}},
          {"busy", {{"denoise", total / 2 - 0.125}}},
          {"peak_resident_bytes", 10 * peak},
          {"peak_proportional_bytes", 5 * peak},
          {"peak_tensor_bytes", peak},
          {"collectives", json::array()},
          {"tiles", json::array()}};
}

scenario::Case two_ranks() {
  scenario::Case spec;
  spec.name = "two";
  spec.baseline = "one";
  spec.layout.ulysses = 2;
  return spec;
}

json two_rounds() {
  return assemble_result(two_ranks(),
                         {json::array({rank(0, 2.0, 0.5, 100), rank(1, 2.0, 0.75, 80)}),
                          json::array({rank(0, 4.0, 0.5, 90), rank(1, 4.0, 0.25, 120)})},
                         nullptr, json::object(), "again");
}

TEST(AssembleResult, TakesTotalsOfRankZeroAndTheSlowestRankOfEachStage) {
  const json result = two_rounds();
  EXPECT_EQ(result.at("status"), "ok");
  EXPECT_EQ(result.at("latency").at("total_seconds"), json({2.0, 4.0}));
  EXPECT_EQ(result.at("latency").at("load_seconds"), json({1.5, 1.5}));
  const json& stages = result.at("latency").at("stages");
  EXPECT_EQ(stages.at("decode.tile"), json({1.5, 1.0}));
  EXPECT_EQ(stages.at("denoise.step"), json({{0.5, 1.5}, {1.0, 2.0}}));
  EXPECT_EQ(stages.at("communication"), json({0.125, 0.125}));
}

TEST(AssembleResult, KeepsEachRanksOwnStagesAndTheLargestPeaks) {
  const json ranks = two_rounds().at("ranks");
  ASSERT_EQ(ranks.size(), 2u);
  EXPECT_EQ(ranks[1].at("stages").at("decode.tile"), json({1.5, 0.5}));
  EXPECT_EQ(ranks[0].at("peak_tensor_bytes"), 100);
  EXPECT_EQ(ranks[1].at("peak_tensor_bytes"), 120);
  EXPECT_EQ(ranks[1].at("busy"), json({{"denoise", {0.875, 1.875}}}));
  EXPECT_FALSE(ranks[0].contains("total_seconds"));
}

TEST(AssembleResult, AFailedCaseKeepsItsError) {
  const json result =
      assemble_result(two_ranks(), {}, {{"rank", 1}, {"message", "gone"}}, json::object(), "again");
  EXPECT_EQ(result.at("status"), "error");
  EXPECT_EQ(result.at("error").at("rank"), 1);
  EXPECT_TRUE(result.at("latency").at("total_seconds").empty());
}

TEST(SummaryRow, ComparesMediansWithTheBaselines) {
  json result = two_rounds();
  result["verdict"] = "passed";
  result["reason"] = "";
  json baseline = result;
  baseline["latency"]["total_seconds"] = {6.0, 6.0};
  const json row = summary_row(two_ranks(), result, baseline);
  EXPECT_EQ(row.at("seconds"), 3.0);
  EXPECT_EQ(row.at("seconds_min"), 2.0);
  EXPECT_EQ(row.at("seconds_max"), 4.0);
  EXPECT_EQ(row.at("speedup"), 2.0);
  EXPECT_EQ(row.at("efficiency"), 1.0);
  EXPECT_EQ(row.at("peak_tensor_bytes"), 120);
  EXPECT_EQ(row.at("proportional_sum_bytes"), 500 + 600);
  EXPECT_TRUE(row.at("psnr").is_null());
}

TEST(SummaryRow, ACaseWithoutMeasurementsHasNulls) {
  json result = assemble_result(two_ranks(), {}, {{"message", "gone"}}, json::object(), "again");
  result["verdict"] = "error";
  result["reason"] = "gone";
  const json row = summary_row(two_ranks(), result, result);
  EXPECT_TRUE(row.at("seconds").is_null());
  EXPECT_TRUE(row.at("speedup").is_null());
}

}  // namespace
}  // namespace isoframe::harness::run
