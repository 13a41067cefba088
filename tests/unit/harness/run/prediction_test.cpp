#include "harness/run/prediction.h"

#include <gtest/gtest.h>

namespace isoframe::harness::run {
namespace {

using reports::records::CaseResult;
using reports::records::Collective;
using reports::records::RankResult;

Collective row(const char* collective, std::uint64_t sent, std::uint64_t received, double seconds,
               const char* group = "g") {
  Collective row;
  row.group = group;
  row.collective = collective;
  row.calls = 1;
  row.bytes_sent = sent;
  row.bytes_received = received;
  row.seconds = seconds;
  return row;
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

RankResult rank_with(std::vector<Collective> collectives) {
  RankResult rank;
  rank.collectives = std::move(collectives);
  return rank;
}

CaseResult result_with(std::vector<Collective> collectives) {
  CaseResult result;
  result.ranks = {rank_with(std::move(collectives))};
  return result;
}

TEST(SetBeside, ShowsWhatWasPredictedAndDidNotMoveAndTheReverse) {
  CaseResult result =
      result_with({row("all_gather", 10, 10, 1.0, "ulysses"), row("all_to_all", 8, 6, 1.0, "ulysses")});
  const Prediction prediction = {
      {.peak_tensor_bytes = 77,
       .collectives = {{"ulysses", "all_to_all", 8, 6}, {"world", "broadcast", 5, 0}}}};
  set_beside(result, two_ranks(), prediction);
  EXPECT_EQ(result.ranks[0].planned_peak_tensor_bytes, 77);
  const std::vector<Collective>& rows = result.ranks[0].collectives;
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].predicted_bytes_sent, 0);
  EXPECT_EQ(rows[0].predicted_bytes_received, 0);
  EXPECT_EQ(rows[1].predicted_bytes_sent, 8);
  EXPECT_EQ(rows[1].predicted_bytes_received, 6);
  EXPECT_EQ(rows[1].group_size, 2);
  EXPECT_DOUBLE_EQ(rows[1].bus_bandwidth.value(), 8.0);
  EXPECT_EQ(rows[2].predicted_bytes_sent, 5);
  EXPECT_EQ(rows[2].bytes_sent, 0);
  EXPECT_FALSE(rows[2].bus_bandwidth) << "nothing moved";
}

TEST(SetBeside, WithoutAPredictionOnlyRatesAreAdded) {
  CaseResult result = result_with({row("all_to_all", 8, 6, 1.0, "ulysses")});
  set_beside(result, two_ranks(), std::nullopt);
  const RankResult& rank = result.ranks[0];
  EXPECT_FALSE(rank.planned_peak_tensor_bytes);
  EXPECT_FALSE(rank.collectives[0].predicted_bytes_sent);
  EXPECT_TRUE(rank.collectives[0].bus_bandwidth);
}

TEST(SumOfCollectives, AddsRanksAndKeepsTheSlowestBus) {
  Collective fast = row("all_to_all", 8, 6, 1.0), slow = row("all_to_all", 2, 4, 1.0);
  fast.bus_bandwidth = 8.0;
  slow.bus_bandwidth = 2.0;
  const auto rows = sum_of_collectives({rank_with({fast, row("barrier", 0, 0, 1.0)}), rank_with({slow})});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].bytes_sent, 10);
  EXPECT_EQ(rows[0].bytes_received, 10);
  EXPECT_EQ(rows[0].calls, 2);
  EXPECT_EQ(rows[0].bus_bandwidth, 2.0);
  EXPECT_FALSE(rows[0].predicted_bytes_sent) << "none was predicted";
}

}  // namespace
}  // namespace isoframe::harness::run
