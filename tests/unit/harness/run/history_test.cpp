#include "harness/run/history.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::harness::run {
namespace {

using nlohmann::json;

class HistoryFile : public testing::Test {
 protected:
  HistoryFile() { std::filesystem::create_directories(folder_); }
  ~HistoryFile() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("isoframe history {}", ::getpid());
  std::filesystem::path file_ = folder_ / "history.sqlite";
};

json run(const std::string& started, double seconds, const std::string& cpu = "Xeon") {
  return {{"started", started},
          {"scenarios", {"scenarios/smoke.yaml"}},
          {"environment", {{"cpu", cpu}, {"cores", 2}, {"device", "cpu"}, {"isoframe", {{"commit", "abc"}}}}},
          {"cases",
           {{{"name", "a"},
             {"verdict", "passed"},
             {"seconds", seconds},
             {"psnr", "inf"},
             {"peak_tensor_bytes", 7}},
            {{"name", "b"}, {"verdict", "skipped"}, {"seconds", nullptr}}}}};
}

TEST_F(HistoryFile, KeepsCasesInTheOrderOfTime) {
  {
    History history(file_);
    history.record(folder_ / "second", run("2026-01-02T00:00:00Z", 2.0));
    history.record(folder_ / "first", run("2026-01-01T00:00:00Z", 1.0));
    history.record(folder_ / "elsewhere", run("2026-01-03T00:00:00Z", 3.0, "EPYC"));
  }
  const History history(file_);
  const auto rows = history.cases("smoke.yaml", machine_of(run("", 0).at("environment")));
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].name, "a");
  EXPECT_EQ(rows[0].seconds, 1.0);
  EXPECT_EQ(rows[1].seconds, 2.0);
  EXPECT_TRUE(std::isinf(*rows[0].psnr));
  EXPECT_EQ(rows[0].run.commit, "abc");
  EXPECT_FALSE(rows[2].seconds.has_value());
  EXPECT_EQ(history.cases("smoke.yaml", "").size(), 6u);
  EXPECT_TRUE(history.cases("other.yaml", "").empty());
}

TEST_F(HistoryFile, ABaselineIsTheNewestAcceptedOfItsMachine) {
  History history(file_);
  history.record(folder_ / "old", run("2026-01-01T00:00:00Z", 1.0));
  history.record(folder_ / "new", run("2026-01-02T00:00:00Z", 1.0));
  history.record(folder_ / "rejected", run("2026-01-03T00:00:00Z", 1.0));
  history.accept(folder_ / "old");
  history.accept(folder_ / "new");
  const std::string machine = machine_of(run("", 0).at("environment"));
  const auto runs = history.accepted("smoke.yaml", machine);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].directory, (folder_ / "new").string());
  EXPECT_TRUE(history.accepted("smoke.yaml", "another").empty());
  history.record(folder_ / "new", run("2026-01-02T00:00:00Z", 5.0));
  EXPECT_EQ(history.accepted("smoke.yaml", machine).size(), 2u) << "recording again keeps what was accepted";
}

TEST_F(HistoryFile, SaysWhatIsWrong) {
  History history(file_);
  EXPECT_THROW(history.accept(folder_ / "nowhere"), InputError);
  std::ofstream(folder_ / "text")
      << "this is no database, and long enough to be taken for one if nobody looks";
  EXPECT_THROW(History(folder_ / "text"), InputError);
  EXPECT_THROW(History(folder_ / "no" / "folder"), InputError);
}

}  // namespace
}  // namespace isoframe::harness::run
