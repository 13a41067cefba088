#include "harness/run/prediction.h"

#include <gtest/gtest.h>

namespace isoframe::harness::run {
namespace {

using nlohmann::json;

json row(const char* collective, std::uint64_t sent, std::uint64_t received, double seconds) {
  return {{"group", "g"},       {"collective", collective},   {"calls", 1},
          {"bytes_sent", sent}, {"bytes_received", received}, {"seconds", seconds}};
}

/// Applies the formulas of nccl-tests' PERFORMANCE.md to four ranks, two seconds and a size of 400 bytes.
TEST(Bandwidth, IsThatOfNcclTests) {
  struct Expected {
    const char* collective;
    std::uint64_t sent, received;
    double bus;
  };
  const Expected table[] = {{"all_gather", 300, 300, 150.0}, {"all_to_all", 300, 300, 150.0},
                            {"all_reduce", 600, 600, 300.0}, {"broadcast", 1200, 0, 200.0},
                            {"broadcast", 0, 400, 200.0},    {"send", 400, 0, 200.0},
                            {"receive", 0, 400, 200.0},      {"exchange", 400, 400, 200.0}};
  for (const Expected& expected : table) {
    SCOPED_TRACE(expected.collective);
    const Bandwidth bandwidth =
        bandwidth_of(row(expected.collective, expected.sent, expected.received, 2.0), 4);
    EXPECT_DOUBLE_EQ(bandwidth.algorithm, 200.0);
    EXPECT_DOUBLE_EQ(bandwidth.bus, expected.bus);
  }
}

scenario::Case two_ranks() {
  scenario::Case spec;
  spec.layout.ulysses = 2;
  return spec;
}

json result_of(const json& collectives) { return {{"ranks", {{{"rank", 0}, {"collectives", collectives}}}}}; }

TEST(SetBeside, ShowsWhatWasPredictedAndDidNotMoveAndTheReverse) {
  json unpredicted = row("all_gather", 10, 10, 1.0), moved = row("all_to_all", 8, 6, 1.0);
  unpredicted["group"] = moved["group"] = "ulysses";
  json result = result_of(json::array({unpredicted, moved}));
  const json prediction = {
      {{"peak_tensor_bytes", 77},
       {"collectives",
        {{{"group", "ulysses"}, {"collective", "all_to_all"}, {"bytes_sent", 8}, {"bytes_received", 6}},
         {{"group", "world"}, {"collective", "broadcast"}, {"bytes_sent", 5}, {"bytes_received", 0}}}}}};
  set_beside(result, two_ranks(), prediction);
  const json& rank = result.at("ranks")[0];
  EXPECT_EQ(rank.at("planned_peak_tensor_bytes"), 77);
  const json& rows = rank.at("collectives");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].at("predicted_bytes_sent"), 0);
  EXPECT_EQ(rows[1].at("predicted_bytes_sent"), 8);
  EXPECT_EQ(rows[1].at("predicted_bytes_received"), 6);
  EXPECT_EQ(rows[1].at("group_size"), 2);
  EXPECT_DOUBLE_EQ(rows[1].at("bus_bandwidth").get<double>(), 8.0);
  EXPECT_EQ(rows[2].at("predicted_bytes_sent"), 5);
  EXPECT_EQ(rows[2].at("bytes_sent"), 0);
  EXPECT_FALSE(rows[2].contains("bus_bandwidth")) << "nothing moved";
}

TEST(SetBeside, WithoutAPredictionOnlyRatesAreAdded) {
  json moved = row("all_to_all", 8, 6, 1.0);
  moved["group"] = "ulysses";
  json result = result_of(json::array({moved}));
  set_beside(result, two_ranks(), nullptr);
  const json& rank = result.at("ranks")[0];
  EXPECT_FALSE(rank.contains("planned_peak_tensor_bytes"));
  EXPECT_FALSE(rank.at("collectives")[0].contains("predicted_bytes_sent"));
  EXPECT_TRUE(rank.at("collectives")[0].contains("bus_bandwidth"));
}

TEST(SumOfCollectives, AddsRanksAndKeepsTheSlowestBus) {
  json fast = row("all_to_all", 8, 6, 1.0), slow = row("all_to_all", 2, 4, 1.0);
  fast["bus_bandwidth"] = 8.0;
  slow["bus_bandwidth"] = 2.0;
  const json ranks = {{{"collectives", {fast, row("barrier", 0, 0, 1.0)}}}, {{"collectives", {slow}}}};
  const json rows = sum_of_collectives(ranks);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].at("bytes_sent"), 10);
  EXPECT_EQ(rows[0].at("bytes_received"), 10);
  EXPECT_EQ(rows[0].at("calls"), 2);
  EXPECT_EQ(rows[0].at("bus_bandwidth"), 2.0);
}

}  // namespace
}  // namespace isoframe::harness::run
