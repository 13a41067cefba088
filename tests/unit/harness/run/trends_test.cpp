#include "harness/run/trends.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/metrics/random_samples.h"

namespace isoframe::harness::run {
namespace {

using reports::records::HistoryRecord;
using reports::records::MeasureSeries;
using reports::records::Verdict;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A history of one case whose run `accepted`, if any, was accepted.
class CaseHistory {
 public:
  explicit CaseHistory(std::string name = "a", int accepted = 0)
      : name_(std::move(name)), accepted_(accepted) {}

  /// Adds a run.
  CaseHistory& add(double seconds, double bytes = 1e9, double psnr = kInfinity,
                   const std::string& numerics = "identical") {
    const int index = static_cast<int>(rows_.size());
    RecordedCase row;
    row.run.started = fmt::format("2026-01-{:02}T00:00:00Z", index + 1);
    row.run.accepted = index == accepted_;
    row.series = name_;
    row.seconds = seconds;
    row.peak_tensor_bytes = bytes;
    row.psnr = psnr;
    row.numerics = numerics;
    rows_.push_back(row);
    return *this;
  }
  /// Adds runs whose times grow by `step` from one to the next, with noise of a hundredth.
  CaseHistory& add_growing(int count, double step, unsigned seed = 1) {
    metrics::RandomSamples random(seed);
    for (int i = 0; i < count; ++i) add(std::exp(step * i + 0.01 * random.normal()));
    return *this;
  }
  const std::vector<RecordedCase>& rows() const { return rows_; }

 private:
  std::string name_;
  int accepted_;
  std::vector<RecordedCase> rows_;
};

const MeasureSeries& series(const HistoryRecord& record, const std::string& measure,
                            const std::string& name = "a") {
  for (const MeasureSeries& one : record.at(name))
    if (one.measure == measure) return one;
  throw std::out_of_range(measure);
}

TEST(Trends, ACountedMeasureChangesWithItsFirstOtherValue) {
  CaseHistory history;
  history.add(1.0).add(1.0).add(1.0, 1e9 + 1048576);
  const HistoryRecord record = trends(history.rows());
  ASSERT_EQ(series(record, "tensor memory").changes.size(), 1u);
  EXPECT_EQ(series(record, "tensor memory").changes[0].index, 2u);
  EXPECT_TRUE(series(record, "latency").changes.empty());
}

TEST(Trends, ThePsnrOfAnIdenticalLayoutChangesWithItsFirstOtherValue) {
  CaseHistory history;
  history.add(1.0).add(1.0).add(1.0, 1e9, 88.0);
  const HistoryRecord record = trends(history.rows());
  ASSERT_EQ(series(record, "PSNR").changes.size(), 1u);
  EXPECT_EQ(series(record, "PSNR").changes[0].before, kInfinity);
  EXPECT_EQ(series(record, "PSNR").changes[0].after, 88.0);
}

TEST(Trends, ThePsnrOfABoundedLayoutMayVary) {
  CaseHistory history;
  history.add(1.0, 1e9, 60.0, "bounded").add(1.0, 1e9, 60.1, "bounded").add(1.0, 1e9, 59.9, "bounded");
  EXPECT_TRUE(series(trends(history.rows()), "PSNR").changes.empty());
}

TEST(Trends, NoiseOfManyCasesIsSeldomAChange) {
  constexpr int kCalls = 20, kCases = 50;
  int changes = 0;
  for (int call = 0; call < kCalls; ++call) {
    std::vector<RecordedCase> rows;
    for (int i = 0; i < kCases; ++i) {
      CaseHistory history(fmt::format("case-{:02}", i));
      history.add_growing(20, 0.0, static_cast<unsigned>(call * kCases + i));
      rows.insert(rows.end(), history.rows().begin(), history.rows().end());
    }
    for (const auto& [name, measures] : trends(rows))
      for (const MeasureSeries& one : measures) changes += one.changes.empty() ? 0 : 1;
  }
  EXPECT_LE(changes, 1);
}

TEST(Drift, OfNearlyTwoPercentARunIsFailedInTheEnd) {
  CaseHistory history;
  const HistoryRecord record = trends(history.add_growing(15, 0.019).rows(), 1.05);
  EXPECT_EQ(series(record, "latency").drift.value().verdict, Verdict::kFailed);
  EXPECT_THAT(series(record, "latency").drift->reason, testing::HasSubstr("at most 1.050x"));
  EXPECT_EQ(series(record, "tensor memory").drift.value().verdict, Verdict::kPassed);
  EXPECT_FALSE(series(record, "PSNR").drift);
  EXPECT_EQ(exit_code_of_drift(record), 1);
}

TEST(Drift, IsCountedFromTheNewestAcceptedRun) {
  CaseHistory history("a", 13);
  const HistoryRecord record = trends(history.add_growing(15, 0.019).rows(), 1.05);
  EXPECT_EQ(series(record, "latency").drift.value().verdict, Verdict::kPassed);
  EXPECT_EQ(series(record, "latency").drift->since, "2026-01-14T00:00:00Z");
  EXPECT_EQ(exit_code_of_drift(record), 0);
}

TEST(Drift, OfAnUnchangedCaseIsPassed) {
  CaseHistory history;
  EXPECT_EQ(exit_code_of_drift(trends(history.add_growing(12, 0.0).rows(), 1.05)), 0);
}

TEST(Drift, OfBytesNeedsNoStatistics) {
  CaseHistory history;
  const HistoryRecord record = trends(history.add(1.0, 1e9).add(1.01, 1.2e9).rows(), 1.1);
  EXPECT_EQ(series(record, "tensor memory").drift.value().verdict, Verdict::kFailed);
  EXPECT_DOUBLE_EQ(series(record, "tensor memory").drift->ratio.value(), 1.2);
  EXPECT_EQ(exit_code_of_drift(record), 1);
}

TEST(Drift, ThatNoiseHidesIsUntrusted) {
  CaseHistory history;
  for (const double seconds : {1.0, 1.6, 0.7, 1.5, 0.8, 1.4}) history.add(seconds);
  const HistoryRecord record = trends(history.rows(), 1.05);
  EXPECT_EQ(series(record, "latency").drift.value().verdict, Verdict::kUntrusted);
  EXPECT_EQ(exit_code_of_drift(record), 1);
}

TEST(Drift, WithoutAnAcceptedRunIsNotJudgedAndNotPassed) {
  CaseHistory history("a", -1);
  const HistoryRecord record = trends(history.add_growing(5, 0.0).rows(), 1.05);
  EXPECT_EQ(series(record, "latency").drift.value().verdict, Verdict::kSkipped);
  EXPECT_EQ(exit_code_of_drift(record), 1);
}

TEST(Drift, OfACaseThatTheNewestRunLacksIsNotJudged) {
  CaseHistory old("a"), current("b");
  std::vector<RecordedCase> rows = old.add_growing(5, 0.0).rows();
  current.add_growing(9, 0.0, 2);
  rows.insert(rows.end(), current.rows().begin(), current.rows().end());
  const HistoryRecord record = trends(rows, 1.05);
  EXPECT_EQ(series(record, "latency", "a").drift.value().verdict, Verdict::kSkipped);
  EXPECT_EQ(series(record, "latency", "b").drift.value().verdict, Verdict::kPassed);
  EXPECT_EQ(exit_code_of_drift(record), 0);
}

TEST(Drift, OfTheAcceptedRunItselfIsNone) {
  CaseHistory history("a", 4);
  const HistoryRecord record = trends(history.add_growing(5, 0.3).rows(), 1.05);
  EXPECT_EQ(series(record, "latency").drift.value().verdict, Verdict::kPassed);
  EXPECT_EQ(exit_code_of_drift(record), 0);
}

}  // namespace
}  // namespace isoframe::harness::run
