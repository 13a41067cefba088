#include "harness/launch/local.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/launch/rank_group.h"

namespace isoframe::harness::launch {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// Command of a rank that only waits, longer than any limit set here.
constexpr const char* kSleep = "exec sleep 100";
/// Time that a job may take beyond its own limits, generous because the machine may be busy.
constexpr double kSlackSeconds = 20.0;

std::string read_file(const fs::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

/// True unless the process is gone or a zombie, which whoever inherited it may be slow to reap.
bool runs(pid_t pid) {
  const std::string status = read_file(fmt::format("/proc/{}/stat", pid));
  return !status.empty() && status.find(") Z") == std::string::npos;
}

template <class Condition>
bool comes_true(Condition condition) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::duration<double>(kSlackSeconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

class RunLocal : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    directory_ = fs::path(testing::TempDir()) / (std::string("run local ") + info->name());
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }

  /// A job whose ranks all run `script` with the directory as $1.
  LocalJob job(int world_size, const std::string& script) const {
    LocalJob result;
    result.command = {"/bin/bash", "-c", script, "bash", directory_.string()};
    result.world_size = world_size;
    result.directory = directory_;
    return result;
  }

  fs::path directory_;
};

TEST_F(RunLocal, EveryRankKnowsItsPlaceAndItsEnvironment) {
  LocalJob three = job(3, "echo $RANK $LOCAL_RANK $WORLD_SIZE $OMP_NUM_THREADS >\"$1/place-$RANK\"");
  three.environment = {{"OMP_NUM_THREADS", "7"}};
  const LocalResult result = run_local(three);
  EXPECT_EQ(result.outcome, Outcome::kFinished);
  EXPECT_EQ(result.culprit, -1);
  for (int rank = 0; rank < 3; ++rank) {
    EXPECT_TRUE(result.ranks[rank].finished);
    EXPECT_EQ(read_file(directory_ / fmt::format("place-{}", rank)), fmt::format("{0} {0} 3 7\n", rank));
  }
  EXPECT_THAT(result.summary(), HasSubstr("3 ranks finished"));
}

TEST_F(RunLocal, ALaunchersEnvironmentNamesNoRank) {
  setenv("RANK", "5", 1);
  LocalJob launcher = job(1, "echo ${RANK-none} ${WORLD_SIZE-none} $EXTRA");
  launcher.environment = {{"EXTRA", "7"}};
  launcher.started_as = launch::StartedAs::kLauncher;
  run_local(launcher);
  unsetenv("RANK");
  EXPECT_EQ(read_file(directory_ / "launcher.log"), "none none 7\n");
}

TEST_F(RunLocal, AFailureElsewhereEndsEverything) {
  LocalJob launcher = job(1, kSleep);
  launcher.started_as = launch::StartedAs::kLauncher;
  int ticks = 0;
  launcher.on_tick = [&] { return ++ticks < 3 ? Elsewhere::kAtWork : Elsewhere::kFailed; };
  const LocalResult result = run_local(launcher);
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.culprit, -1);
  EXPECT_TRUE(result.ranks[0].ended_by_us);
  EXPECT_LT(result.seconds, kSlackSeconds);
}

TEST_F(RunLocal, WhatIsDoneElsewhereEndsTheWaitAndNotTheProcesses) {
  LocalJob launcher = job(1, kSleep);
  launcher.started_as = launch::StartedAs::kLauncher;
  RankGroup group(launcher);
  for (int wait = 0; wait < 2; ++wait) {
    int ticks = 0;
    launcher.on_tick = [&] { return ++ticks < 3 ? Elsewhere::kAtWork : Elsewhere::kDone; };
    EXPECT_EQ(group.wait(launcher).outcome, Outcome::kFinished);
    EXPECT_TRUE(group.is_alive());
  }
}

TEST_F(RunLocal, BothOutputsOfARankGoToItsLog) {
  run_local(job(2, "echo out $RANK; echo err $RANK >&2"));
  EXPECT_EQ(read_file(directory_ / "rank-0.log"), "out 0\nerr 0\n");
  EXPECT_EQ(read_file(directory_ / "rank-1.log"), "out 1\nerr 1\n");
}

TEST_F(RunLocal, ReportsArriveWithTheirRankAndAreRememberedAsItsStage) {
  LocalJob two = job(2,
                     "eval \"exec 9>&$ISOFRAME_ENGINE_FD\"\n"
                     "echo '{\"stage\": \"text\"}' >&9; echo 'not a report' >&9\n"
                     "echo \"{\\\"stage\\\": \\\"denoise\\\", \\\"index\\\": $RANK, \\\"of\\\": 8}\" >&9");
  std::multiset<std::string> seen;
  two.on_progress = [&](const Progress& p) {
    seen.insert(fmt::format("{} {} {} {}", p.rank, p.stage, p.index, p.of));
  };
  const LocalResult result = run_local(two);
  EXPECT_THAT(seen, ElementsAre("0 denoise 0 8", "0 text -1 -1", "1 denoise 1 8", "1 text -1 -1"));
  EXPECT_EQ(result.ranks[1].stage, "denoise step 1");
}

TEST_F(RunLocal, AKilledRankIsNamedWithSignalStageAndLastWords) {
  const LocalResult result =
      run_local(job(3, fmt::format("[ $RANK = 1 ] || {}\n"
                                   "echo '{{\"stage\": \"denoise\", \"index\": 3}}' >&$ISOFRAME_ENGINE_FD\n"
                                   "echo about to go >&2; kill -SEGV $$",
                                   kSleep)));
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.culprit, 1);
  EXPECT_EQ(result.ranks[1].signal, SIGSEGV);
  EXPECT_FALSE(result.ranks[1].ended_by_us);
  EXPECT_TRUE(result.ranks[0].ended_by_us);
  EXPECT_EQ(result.ranks[0].signal, 0);
  EXPECT_EQ(
      result.summary(),
      "rank 1 was killed by signal 11 (Segmentation fault) in stage 'denoise step 3'; last words: about to "
      "go");
  EXPECT_LT(result.seconds, kSlackSeconds);
}

TEST_F(RunLocal, ARankThatLostItsPeerIsNotTheCulprit) {
  const LocalResult result =
      run_local(job(2, "[ $RANK = 0 ] && { echo peer lost >&2; exit 3; }\nsleep 0.1; kill -KILL $$"));
  EXPECT_EQ(result.culprit, 1);
  EXPECT_EQ(result.ranks[0].exit_code, 3);
  EXPECT_THAT(result.summary(), AllOf(HasSubstr("rank 1"), HasSubstr("signal 9 (Killed"),
                                      HasSubstr("before its first stage"), HasSubstr("no last words")));
}

TEST_F(RunLocal, OfTwoThatFailAlikeTheFirstIsTheCulprit) {
  const LocalResult result = run_local(job(2, "[ $RANK = 0 ] && sleep 0.2\necho rank $RANK >&2; exit 3"));
  EXPECT_EQ(result.culprit, 1);
  EXPECT_EQ(result.summary(), "rank 1 exited with 3 before its first stage; last words: rank 1");
}

TEST_F(RunLocal, BadInputIsReportedInTheRanksOwnWords) {
  const LocalResult result =
      run_local(job(2, "echo warning >&2; echo 'a.yaml:3:4: no such layout' >&2; echo >&2; exit 2"));
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.summary(), "a.yaml:3:4: no such layout");
}

TEST_F(RunLocal, AProgramThatCannotBeRunIsNamed) {
  LocalJob missing = job(1, "");
  missing.command = {"/no/such/program"};
  const LocalResult result = run_local(missing);
  EXPECT_EQ(result.ranks[0].exit_code, 127);
  EXPECT_THAT(result.summary(), HasSubstr("cannot run /no/such/program: No such file or directory"));
}

TEST_F(RunLocal, LastWordsAreTheEndOfALongLog) {
  const LocalResult result =
      run_local(job(1, "i=0; while [ $i -lt 1000 ]; do echo line $i; i=$((i+1)); done; exit 1"));
  const std::string& words = result.ranks[0].last_words;
  EXPECT_LE(words.size(), 2000u);
  EXPECT_GT(words.size(), 1000u);
  EXPECT_TRUE(words.starts_with("line ")) << words;
  EXPECT_TRUE(words.ends_with("line 999")) << words;
}

TEST_F(RunLocal, AJobEndsAtItsTimeoutWithTheSilentRank) {
  LocalJob two = job(2, fmt::format("[ $RANK = 1 ] && sleep 0.1\n"
                                    "echo '{{\"stage\": \"decode\"}}' >&$ISOFRAME_ENGINE_FD\n{}",
                                    kSleep));
  two.timeout_seconds = 1.0;
  const LocalResult result = run_local(two);
  EXPECT_EQ(result.outcome, Outcome::kTimedOut);
  EXPECT_EQ(result.culprit, 0);
  EXPECT_TRUE(result.ranks[1].ended_by_us);
  EXPECT_GE(result.seconds, 1.0);
  EXPECT_LT(result.seconds, 1.0 + kSlackSeconds);
  EXPECT_THAT(result.summary(), AllOf(HasSubstr("not done within 1 s"),
                                      HasSubstr("rank 0, heard from longest ago"), HasSubstr("'decode'")));
}

TEST_F(RunLocal, AJobThatReportsNothingHasStalled) {
  LocalJob one = job(1, kSleep);
  one.stall_seconds = 0.2;
  const LocalResult result = run_local(one);
  EXPECT_EQ(result.outcome, Outcome::kStalled);
  EXPECT_EQ(result.culprit, 0);
  EXPECT_LT(result.seconds, kSlackSeconds);
}

TEST_F(RunLocal, ReportsKeepAJobFromStalling) {
  LocalJob one = job(1,
                     "for i in 1 2 3 4 5 6 7 8; do\n"
                     "echo '{\"stage\": \"decode\"}' >&$ISOFRAME_ENGINE_FD; sleep 0.2; done");
  one.stall_seconds = 1.2;
  EXPECT_EQ(run_local(one).outcome, Outcome::kFinished);
}

TEST_F(RunLocal, ARankThatIgnoresTheRequestToEndIsKilled) {
  std::atomic<bool> interrupted{false};
  LocalJob one = job(1,
                     "trap '' TERM\n"
                     "echo '{\"stage\": \"text\"}' >&$ISOFRAME_ENGINE_FD\n"
                     "while :; do sleep 0.1; done");
  one.interrupted = &interrupted;
  one.on_progress = [&](const Progress&) { interrupted = true; };
  const LocalResult result = run_local(one);
  EXPECT_TRUE(result.ranks[0].ended_by_us);
  EXPECT_GE(result.seconds, 2.0) << "it has two seconds to end in order";
  EXPECT_LT(result.seconds, 2.0 + kSlackSeconds);
}

TEST_F(RunLocal, AnInterruptEndsAllRanks) {
  std::atomic<bool> interrupted{false};
  LocalJob two = job(2, fmt::format("echo '{{\"stage\": \"text\"}}' >&$ISOFRAME_ENGINE_FD\n{}", kSleep));
  two.interrupted = &interrupted;
  two.on_progress = [&](const Progress&) { interrupted = true; };
  const LocalResult result = run_local(two);
  EXPECT_EQ(result.outcome, Outcome::kInterrupted);
  EXPECT_EQ(result.culprit, -1);
  EXPECT_LT(result.seconds, kSlackSeconds);
  EXPECT_THAT(result.summary(), HasSubstr("interrupted"));
}

TEST_F(RunLocal, WhatARankStartedEndsWithIt) {
  run_local(job(1, "sleep 100 & echo $! >\"$1/helper\""));
  const pid_t helper = std::stoi(read_file(directory_ / "helper"));
  EXPECT_TRUE(comes_true([&] { return !runs(helper); }));
}

TEST_F(RunLocal, RanksDieWithTheHarness) {
  const pid_t harness = ::fork();
  ASSERT_GE(harness, 0);
  if (harness == 0) {
    run_local(
        job(2, fmt::format("echo $$ >\"$1/new-$RANK\"; mv \"$1/new-$RANK\" \"$1/pid-$RANK\"; {}", kSleep)));
    ::_exit(0);
  }
  ASSERT_TRUE(
      comes_true([&] { return fs::exists(directory_ / "pid-0") && fs::exists(directory_ / "pid-1"); }));
  ::kill(harness, SIGKILL);
  ::waitpid(harness, nullptr, 0);
  for (const char* name : {"pid-0", "pid-1"}) {
    const pid_t rank = std::stoi(read_file(directory_ / name));
    EXPECT_TRUE(comes_true([&] { return !runs(rank); }));
  }
}

TEST_F(RunLocal, ALargeWorldLeavesNoProcessAndNoDescriptor) {
  const std::size_t before = open_descriptors();
  // A rank sees its three streams, its own socket, and what `ls` opens; no other rank's.
  const LocalResult result = run_local(job(16, "ls /proc/self/fd | wc -l >\"$1/open-$RANK\""));
  EXPECT_EQ(result.outcome, Outcome::kFinished);
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  EXPECT_EQ(read_file(directory_ / "open-0"), read_file(directory_ / "open-15"));
}

}  // namespace
}  // namespace isoframe::harness::launch
