#include "harness/run/history.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sqlite3.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::harness::run {
namespace {

class HistoryFile : public testing::Test {
 protected:
  HistoryFile() { std::filesystem::create_directories(folder_); }
  ~HistoryFile() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("isoframe history {}", ::getpid());
  std::filesystem::path file_ = folder_ / "history.sqlite";
};

reports::records::Environment machine(const std::string& cpu = "Xeon") {
  reports::records::Environment environment;
  environment.cpu = cpu;
  environment.cores = 2;
  environment.device = "cpu";
  environment.isoframe.commit = "abc";
  return environment;
}

reports::records::RunRecord run(const std::string& started, double seconds, const std::string& cpu = "Xeon") {
  reports::records::RunRecord run;
  run.started = started;
  run.scenarios = {"scenarios/smoke.yaml"};
  run.environment = machine(cpu);
  run.cases.resize(2);
  run.cases[0].name = "a";
  run.cases[0].seconds = seconds;
  run.cases[0].psnr = std::numeric_limits<double>::infinity();
  run.cases[0].peak_tensor_bytes = 7;
  run.cases[1].name = "b";
  run.cases[1].verdict = reports::records::Verdict::kSkipped;
  return run;
}

TEST_F(HistoryFile, KeepsCasesInTheOrderOfTime) {
  {
    History history(file_);
    history.record(folder_ / "second", run("2026-01-02T00:00:00Z", 2.0));
    history.record(folder_ / "first", run("2026-01-01T00:00:00Z", 1.0));
    history.record(folder_ / "elsewhere", run("2026-01-03T00:00:00Z", 3.0, "EPYC"));
  }
  const History history(file_);
  const auto rows = history.cases("smoke.yaml", machine_of(machine()));
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].name, "a");
  EXPECT_EQ(rows[0].seconds, 1.0);
  EXPECT_EQ(rows[1].seconds, 2.0);
  EXPECT_TRUE(std::isinf(*rows[0].psnr));
  EXPECT_EQ(rows[0].run.commit, "abc");
  EXPECT_EQ(rows[0].verdict, "passed");
  EXPECT_EQ(rows[0].peak_tensor_bytes, 7.0);
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
  const std::string name = machine_of(machine());
  const auto runs = history.accepted("smoke.yaml", name);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].directory, (folder_ / "new").string());
  EXPECT_TRUE(history.accepted("smoke.yaml", "another").empty());
  history.record(folder_ / "new", run("2026-01-02T00:00:00Z", 5.0));
  EXPECT_EQ(history.accepted("smoke.yaml", name).size(), 2u) << "recording again keeps what was accepted";
}

TEST_F(HistoryFile, KeepsTheClassOfEachLayout) {
  History history(file_);
  reports::records::RunRecord bounded = run("2026-01-01T00:00:00Z", 1.0);
  bounded.cases[1].numerics = reports::records::NumericsClass::kBounded;
  history.record(folder_ / "run", bounded);
  const auto rows = history.cases("smoke.yaml", "");
  EXPECT_EQ(rows[0].numerics, "identical");
  EXPECT_EQ(rows[1].numerics, "bounded");
}

TEST_F(HistoryFile, AnOlderOneIsReadAndWrittenOn) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &handle), SQLITE_OK);
  const int made = sqlite3_exec(
      handle,
      "CREATE TABLE runs (directory TEXT PRIMARY KEY, scenario TEXT NOT NULL, machine TEXT NOT NULL, started "
      "TEXT "
      "NOT NULL, commit_id TEXT NOT NULL, accepted INTEGER NOT NULL DEFAULT 0);"
      "CREATE TABLE cases (directory TEXT NOT NULL REFERENCES runs(directory) ON DELETE CASCADE, name TEXT "
      "NOT "
      "NULL, verdict TEXT NOT NULL, seconds REAL, peak_tensor_bytes REAL, psnr REAL, ssim REAL, PRIMARY KEY "
      "(directory, name));"
      "INSERT INTO runs VALUES ('/old', 'smoke.yaml', 'Xeon', '2025-01-01T00:00:00Z', 'abc', 1);"
      "INSERT INTO cases VALUES ('/old', 'a', 'passed', 1.5, 7, NULL, NULL);"
      "PRAGMA user_version = 1",
      nullptr, nullptr, nullptr);
  sqlite3_close(handle);
  ASSERT_EQ(made, SQLITE_OK);
  { History(file_).record(folder_ / "new", run("2026-01-01T00:00:00Z", 1.0)); }
  const auto rows = History(file_).cases("smoke.yaml", "");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].seconds, 1.5);
  EXPECT_EQ(rows[0].numerics, "");
  EXPECT_EQ(rows[1].numerics, "identical");
}

TEST_F(HistoryFile, ListsTheLastPassedRunsThatAreStillThere) {
  History history(file_);
  const auto add = [&](const std::string& name, const std::string& started, const std::string& cpu = "Xeon",
                       bool failed = false, bool is_there = true) {
    reports::records::RunRecord record = run(started, 1.0, cpu);
    if (failed) record.cases[0].verdict = reports::records::Verdict::kFailed;
    std::filesystem::create_directories(folder_ / name);
    if (is_there) std::ofstream(folder_ / name / "run.json") << "{}";
    history.record(folder_ / name, record);
  };
  add("first", "2026-01-01T00:00:00Z");
  add("second", "2026-01-02T00:00:00Z");
  add("elsewhere", "2026-01-03T00:00:00Z", "EPYC");
  add("failed", "2026-01-04T00:00:00Z", "Xeon", true);
  add("gone", "2026-01-05T00:00:00Z", "Xeon", false, false);
  reports::records::SuiteRecord suite;
  suite.scenarios = {"elsewhere/smoke.yaml"};
  suite.environment = machine();
  const std::vector<scenario::Case> cases(1);
  EXPECT_THAT(history.last_passed(suite, cases, 5),
              testing::ElementsAre(folder_ / "second", folder_ / "first"));
  EXPECT_THAT(history.last_passed(suite, cases, 1), testing::ElementsAre(folder_ / "second"));
  suite.scenarios = {"other.yaml"};
  EXPECT_TRUE(history.last_passed(suite, cases, 5).empty());
}

TEST(MachineOf, NamesEveryDevice) {
  reports::records::Environment environment = machine();
  EXPECT_EQ(machine_of(environment), "Xeon, 2 cores, cpu");
  environment.device = std::vector<std::string>{"cpu", "cuda"};
  EXPECT_EQ(machine_of(environment), "Xeon, 2 cores, [\"cpu\",\"cuda\"]");
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
