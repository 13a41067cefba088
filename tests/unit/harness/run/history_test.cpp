#include "harness/run/history.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <sqlite3.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "harness/scenario/likeness.h"

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

/// Two cases as a scenario has them.
std::vector<scenario::Case> two_cases() {
  std::vector<scenario::Case> cases(2);
  cases[0].name = "a";
  cases[1].name = "b";
  for (scenario::Case& spec : cases) spec.checkpoint = "models/tiny";
  cases[1].layout.ulysses = 2;
  return cases;
}

std::map<std::string, CaseFacts> facts(const std::vector<scenario::Case>& cases,
                                       const std::string& device = "cpu", const std::string& weights = "") {
  std::map<std::string, CaseFacts> facts;
  for (const scenario::Case& spec : cases)
    facts[spec.name] = {device, weights, scenario::measured_key(spec).dump()};
  return facts;
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
    history.record(folder_ / "second", run("2026-01-02T00:00:00Z", 2.0), facts(two_cases()));
    history.record(folder_ / "first", run("2026-01-01T00:00:00Z", 1.0), facts(two_cases()));
    history.record(folder_ / "elsewhere", run("2026-01-03T00:00:00Z", 3.0, "EPYC"), facts(two_cases()));
  }
  const History history(file_);
  const auto rows = history.cases(two_cases(), machine_of(machine()));
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].name, "a");
  EXPECT_EQ(rows[0].seconds, 1.0);
  EXPECT_EQ(rows[1].seconds, 2.0);
  EXPECT_TRUE(std::isinf(*rows[0].psnr));
  EXPECT_EQ(rows[0].run.commit, "abc");
  EXPECT_EQ(rows[0].verdict, "passed");
  EXPECT_EQ(rows[0].peak_tensor_bytes, 7.0);
  EXPECT_FALSE(rows[2].seconds.has_value());
  EXPECT_EQ(rows[0].series, "a");
  const auto everywhere = history.cases(two_cases(), "");
  ASSERT_EQ(everywhere.size(), 6u);
  EXPECT_EQ(everywhere[2].series, "a (EPYC, 2 cores)") << "two machines are two series";
}

TEST_F(HistoryFile, FindsACaseByWhatWasAskedForAndComputedWith) {
  History history(file_);
  const std::vector<scenario::Case> cases = two_cases();
  history.record(folder_ / "run", run("2026-01-01T00:00:00Z", 1.0), facts(cases));
  const auto found = [&](const auto& change) {
    std::vector<scenario::Case> changed = two_cases();
    change(changed[0]);
    return history.cases({changed[0]}, "").size();
  };
  using scenario::Case;
  EXPECT_EQ(found([](Case&) {}), 1u);
  EXPECT_EQ(found([](Case& spec) { spec.checkpoint = "/elsewhere/tiny"; }), 1u) << "another checkout";
  EXPECT_EQ(found([](Case& spec) { spec.timeout_seconds = 7; }), 1u) << "bookkeeping";
  EXPECT_EQ(found([](Case& spec) { spec.name = "renamed"; }), 1u);
  EXPECT_EQ(found([](Case& spec) { spec.checkpoint = "models/full"; }), 0u);
  EXPECT_EQ(found([](Case& spec) { spec.steps = 50; }), 0u);
  EXPECT_EQ(found([](Case& spec) { spec.layout.ring = 2; }), 0u);
  EXPECT_EQ(found([](Case& spec) { spec.device = "cuda"; }), 0u);
  EXPECT_EQ(found([](Case& spec) { spec.width = 96; }), 0u);
  std::vector<scenario::Case> changed = two_cases();
  changed[0].steps = 50;
  EXPECT_EQ(history.nearest_difference(changed, ""), "of case 'a', steps: 0 then, 50 now");
}

TEST_F(HistoryFile, ASizeThatTheScenarioLeavesOpenIsWhatItWas) {
  History history(file_);
  std::vector<scenario::Case> settled = two_cases();
  settled[0].height = 480;
  settled[0].width = 832;
  history.record(folder_ / "run", run("2026-01-01T00:00:00Z", 1.0), facts(settled));
  EXPECT_EQ(history.cases({two_cases()[0]}, "").size(), 1u);
}

TEST_F(HistoryFile, CasesAskedForAlikeAreToldByTheirNames) {
  History history(file_);
  std::vector<scenario::Case> twins = two_cases();
  twins[1].layout = twins[0].layout;
  history.record(folder_ / "run", run("2026-01-01T00:00:00Z", 1.0), facts(twins));
  const auto rows = history.cases(twins, "");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].name, "a");
  EXPECT_EQ(rows[1].name, "b");
}

TEST_F(HistoryFile, AnotherGpuOrOtherWeightsAreAnotherSeries) {
  History history(file_);
  std::vector<scenario::Case> cases = two_cases();
  for (scenario::Case& spec : cases) spec.device = "cuda";
  history.record(folder_ / "1", run("2026-01-01T00:00:00Z", 1.0),
                 facts(cases, "A100", R"({"transformer": "1234567890abcdef", "vae": "77"})"));
  history.record(folder_ / "2", run("2026-01-02T00:00:00Z", 1.0),
                 facts(cases, "H200", R"({"transformer": "1234567890abcdef", "vae": "77"})"));
  history.record(folder_ / "3", run("2026-01-03T00:00:00Z", 1.0),
                 facts(cases, "H200", R"({"transformer": "fedcba0987654321", "vae": "77"})"));
  std::vector<std::string> series;
  for (const RecordedCase& row : history.cases({cases[0]}, machine_of(machine())))
    series.push_back(row.series);
  EXPECT_THAT(series, testing::ElementsAre("a (A100, transformer 12345678)", "a (H200, transformer 12345678)",
                                           "a (H200, transformer fedcba09)"));
}

TEST_F(HistoryFile, ABaselineIsTheNewestAcceptedOfItsMachineWithMostOfTheCases) {
  History history(file_);
  const auto add = [&](const std::string& name, const std::string& started, const auto& with) {
    history.record(folder_ / name, run(started, 1.0), with);
  };
  std::map<std::string, CaseFacts> of_one = facts(two_cases());
  of_one.erase("b");
  add("old", "2026-01-01T00:00:00Z", facts(two_cases()));
  add("new", "2026-01-02T00:00:00Z", facts(two_cases()));
  add("filtered", "2026-01-03T00:00:00Z", of_one);
  add("rejected", "2026-01-04T00:00:00Z", facts(two_cases()));
  for (const char* name : {"old", "new", "filtered"}) history.accept(folder_ / name);
  const std::string name = machine_of(machine());
  const auto runs = history.accepted(two_cases(), name);
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[0].directory, (folder_ / "new").string());
  EXPECT_EQ(runs[2].directory, (folder_ / "filtered").string());
  EXPECT_EQ(history.accepted().size(), 3u);
  EXPECT_TRUE(history.accepted(two_cases(), "another").empty());
  add("new", "2026-01-02T00:00:00Z", facts(two_cases()));
  EXPECT_EQ(history.accepted(two_cases(), name).size(), 3u) << "recording again keeps what was accepted";
}

TEST_F(HistoryFile, KeepsTheClassOfEachLayout) {
  History history(file_);
  reports::records::RunRecord bounded = run("2026-01-01T00:00:00Z", 1.0);
  bounded.cases[1].numerics = reports::records::NumericsClass::kBounded;
  history.record(folder_ / "run", bounded, facts(two_cases()));
  const auto rows = history.cases(two_cases(), "");
  EXPECT_EQ(rows[0].numerics, "identical");
  EXPECT_EQ(rows[1].numerics, "bounded");
}

/// A history of an older schema with one accepted run.
void make_older(const std::filesystem::path& file, int schema) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &handle), SQLITE_OK);
  const std::string sql = fmt::format(
      "CREATE TABLE runs (directory TEXT PRIMARY KEY, scenario TEXT NOT NULL, machine TEXT NOT NULL, started "
      "TEXT NOT NULL, commit_id TEXT NOT NULL, accepted INTEGER NOT NULL DEFAULT 0);"
      "CREATE TABLE cases (directory TEXT NOT NULL REFERENCES runs(directory) ON DELETE CASCADE, name TEXT "
      "NOT "
      "NULL, verdict TEXT NOT NULL, seconds REAL, peak_tensor_bytes REAL, psnr REAL, ssim REAL{}, PRIMARY "
      "KEY "
      "(directory, name));"
      "INSERT INTO runs VALUES ('/old', 'smoke.yaml', 'Xeon', '2025-01-01T00:00:00Z', 'abc', 1);"
      "INSERT INTO cases VALUES ('/old', 'a', 'passed', 1.5, 7, NULL, NULL{});"
      "PRAGMA user_version = {}",
      schema == 1 ? "" : ", numerics TEXT NOT NULL DEFAULT ''", schema == 1 ? "" : ", 'identical'", schema);
  const int made = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr);
  sqlite3_close(handle);
  ASSERT_EQ(made, SQLITE_OK);
}

TEST_F(HistoryFile, AnOlderOneIsReadAndWrittenOn) {
  make_older(file_, 1);
  EXPECT_EQ(History(file_, History::Access::kRead).accepted().size(), 1u);
  { History(file_).record(folder_ / "new", run("2026-01-01T00:00:00Z", 1.0), facts(two_cases())); }
  const History history(file_);
  EXPECT_EQ(history.cases(two_cases(), "").size(), 2u) << "nobody knows what the old one was asked for";
  EXPECT_EQ(history.accepted().size(), 1u);
}

TEST_F(HistoryFile, AnOlderOneIsReadWithoutAWrite) {
  for (const int schema : {1, 2}) {
    make_older(file_, schema);
    const std::string before = base::read_text(file_);
    // Root may write into any folder: that nothing changed is what tells.
    std::filesystem::permissions(file_, std::filesystem::perms::owner_read);
    std::filesystem::permissions(folder_,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    {
      const History history(file_, History::Access::kRead);
      ASSERT_EQ(history.accepted().size(), 1u) << schema;
      EXPECT_EQ(history.accepted().front().directory, "/old");
      EXPECT_TRUE(history.cases(two_cases(), "").empty());
    }
    EXPECT_EQ(base::read_text(file_), before) << schema;
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
    std::filesystem::remove(file_);
  }
}

TEST_F(HistoryFile, IsReadWhereItCannotBeWritten) {
  { History(file_).record(folder_ / "run", run("2026-01-01T00:00:00Z", 1.0), facts(two_cases())); }
  const auto before = std::filesystem::last_write_time(file_);
  EXPECT_EQ(History(file_, History::Access::kRead).cases(two_cases(), "").size(), 2u);
  EXPECT_EQ(std::filesystem::last_write_time(file_), before);
  EXPECT_THROW(History(folder_ / "none", History::Access::kRead), InputError);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "none"));
}

TEST_F(HistoryFile, ListsTheLastPassedRunsThatAreStillThere) {
  History history(file_);
  const auto add = [&](const std::string& name, const std::string& started, const std::string& cpu = "Xeon",
                       bool failed = false, bool is_there = true) {
    reports::records::RunRecord record = run(started, 1.0, cpu);
    if (failed) record.cases[0].verdict = reports::records::Verdict::kFailed;
    std::filesystem::create_directories(folder_ / name);
    if (is_there) std::ofstream(folder_ / name / "run.json") << "{}";
    history.record(folder_ / name, record, facts(two_cases()));
  };
  add("first", "2026-01-01T00:00:00Z");
  add("second", "2026-01-02T00:00:00Z");
  add("elsewhere", "2026-01-03T00:00:00Z", "EPYC");
  add("failed", "2026-01-04T00:00:00Z", "Xeon", true);
  add("gone", "2026-01-05T00:00:00Z", "Xeon", false, false);
  const std::string name = machine_of(machine());
  EXPECT_THAT(history.last_passed(two_cases(), name, 5),
              testing::ElementsAre(folder_ / "second", folder_ / "first"));
  EXPECT_THAT(history.last_passed(two_cases(), name, 1), testing::ElementsAre(folder_ / "second"));
  std::vector<scenario::Case> others = two_cases();
  for (scenario::Case& spec : others) spec.steps = 7;
  EXPECT_TRUE(history.last_passed(others, name, 5).empty());
}

TEST(MachineOf, NamesProcessorAndCores) {
  EXPECT_EQ(machine_of(machine()), "Xeon, 2 cores");
  EXPECT_EQ(machine_of(machine("")), "unknown processor, 2 cores");
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
