#include "harness/engine/ranks.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isoframe::harness::engine {
namespace {

namespace fs = std::filesystem;
using launch::Outcome;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

/// What the fakes have in common.  `answer` is given each request and its id.
constexpr const char* kFake = R"(
say() { echo "$1" >&$ISOFRAME_ENGINE_FD; }
hello() { say "{\"answer\": \"hello\", \"protocol\": ${1-1}, \"engine\": \"fake\", \"version\": \"1\", \"rank\": $RANK, \"pid\": $$}"; }
loaded() { say "{\"answer\": \"loaded\", \"id\": $1, \"seconds\": 0.5}"; }
done_with() { say "{\"answer\": \"done\", \"id\": $1}"; }
serve() {
  while read -r -u $ISOFRAME_ENGINE_FD line; do
    echo "$line"
    id=${line##*\"id\":}; id=${id%%[,\}]*}
    case $line in
      *\"request\":\"load\"*) loaded $id ;;
      *) answer $id ;;
    esac
  done
}
answer() { done_with $1; }
)";

std::string read_file(const fs::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class RanksTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static launch::LocalJob job(const std::string& script, int world_size = 1) {
    launch::LocalJob job;
    job.command = {"/bin/bash", "-c", kFake + script, "fake"};
    job.world_size = world_size;
    return job;
  }
  Task task(const std::string& loaded = "a") const {
    return {.spec = {{"name", "x"}}, .loaded = loaded, .directory = folder_, .observation = {}};
  }
  static launch::Watch limits(double stall_seconds = 60.0) {
    launch::Watch watch;
    watch.timeout_seconds = 60.0;
    watch.stall_seconds = stall_seconds;
    return watch;
  }
  /// How the first task ends for an engine of one rank.
  launch::LocalResult ending(const std::string& script, double stall_seconds = 60.0) const {
    return Ranks(job(script)).run(task(), limits(stall_seconds));
  }
  std::string log() const { return read_file(folder_ / "rank-0.log"); }

  fs::path folder_ = fs::path(testing::TempDir()) / fmt::format("engine ranks {}", getpid());
};

TEST_F(RanksTest, StayAndLoadOnlyWhatIsNew) {
  Ranks ranks(job("hello; echo process $$; serve"));
  ASSERT_EQ(ranks.run(task("a"), limits()).outcome, Outcome::kFinished);
  EXPECT_THAT(log(), AllOf(HasSubstr("process "), HasSubstr("\"request\":\"load\""),
                           HasSubstr("\"request\":\"generate\""), HasSubstr("store-1")));
  ASSERT_EQ(ranks.run(task("a"), limits()).outcome, Outcome::kFinished);
  EXPECT_THAT(log(), AllOf(HasSubstr("generate"), testing::Not(HasSubstr("load\"")),
                           testing::Not(HasSubstr("process"))));
  ASSERT_EQ(ranks.run(task("b"), limits()).outcome, Outcome::kFinished);
  EXPECT_THAT(log(), AllOf(HasSubstr("\"request\":\"load\""), testing::Not(HasSubstr("store-1\""))));
  EXPECT_TRUE(ranks.is_alive());
  EXPECT_GT(ranks.resident_bytes(), 0u);
}

TEST_F(RanksTest, AreAskedToObserve) {
  Ranks ranks(job("hello; serve"));
  Task looks = task();
  looks.observation = {{"kind", "record"}};
  EXPECT_EQ(ranks.run(looks, limits()).outcome, Outcome::kFinished);
  EXPECT_THAT(log(), AllOf(HasSubstr("\"request\":\"observe\""), HasSubstr("{\"kind\":\"record\"}")));
}

TEST_F(RanksTest, ReportTheirStages) {
  launch::Watch watch = limits();
  std::string seen;
  watch.on_progress = [&](const launch::Progress& p) { seen += fmt::format("{} {}; ", p.rank, describe(p)); };
  Ranks ranks(job(R"(hello; answer() {
    say "{\"answer\": \"progress\", \"id\": $1, \"stage\": \"denoise\", \"index\": 2, \"of\": 4}"; done_with $1; }; serve)"));
  EXPECT_EQ(ranks.run(task(), watch).outcome, Outcome::kFinished);
  EXPECT_EQ(seen, "0 denoise step 2; ");
}

TEST_F(RanksTest, OneThatDiesTakesItsGroupDown) {
  Ranks ranks(job("hello; answer() { [ $RANK = 1 ] && kill -SEGV $$; sleep 100; }; serve", 2));
  const launch::LocalResult result = ranks.run(task(), limits());
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_THAT(result.summary(), HasSubstr("rank 1 was killed by signal 11"));
  EXPECT_FALSE(ranks.is_alive());
}

TEST_F(RanksTest, AnEngineThatGoesWrongSaysSoInOneLine) {
  const auto summary = [&](const std::string& script) { return ending(script).summary(); };
  EXPECT_THAT(summary("hello 2; serve"),
              HasSubstr("engine 'fake' speaks protocol 2; this isoframe speaks 1"));
  EXPECT_THAT(summary("say garbage; serve"), HasSubstr("'garbage' is not an answer: no JSON object"));
  EXPECT_THAT(summary("say '{\"answer\": \"hello\"}'; serve"), HasSubstr("is not an answer"));
  EXPECT_THAT(summary("done_with 1; serve"), HasSubstr("first line is no hello"));
  EXPECT_THAT(summary("hello; answer() { done_with 77; }; serve"),
              HasSubstr("answered request 77 in place of 2"));
  EXPECT_THAT(summary("hello; answer() { loaded $1; }; serve"), HasSubstr("belongs to another request"));
  EXPECT_THAT(summary("hello; answer() { exit 0; }; serve"), HasSubstr("rank 0 exited with 0"));
  EXPECT_THAT(summary("exit 0"), HasSubstr("rank 0 exited with 0"));
}

TEST_F(RanksTest, AnsweringTwiceIsSeen) {
  const std::string twice = "hello; answer() { done_with $1; done_with $1; }; serve";
  Ranks ranks(job(twice));
  // The second answer comes with the first, or is found when something else is asked.
  const launch::LocalResult first = ranks.run(task(), limits());
  const launch::LocalResult result =
      first.outcome == Outcome::kFinished ? ranks.run(task(), limits()) : first;
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_THAT(result.summary(),
              testing::AnyOf(HasSubstr("answered twice"), HasSubstr("answered request 2 in place of 3")));
}

TEST_F(RanksTest, AnErrorIsTheRanksOwnWord) {
  const auto error = [](const std::string& kind) {
    return fmt::format(
        "hello; answer() {{ say \"{{\\\"answer\\\": \\\"error\\\", \\\"id\\\": $1, \\\"kind\\\": \\\"{}\\\", "
        "\\\"message\\\": \\\"no cfg=2 here\\\"}}\"; }}; serve",
        kind);
  };
  const launch::LocalResult input = ending(error("input"));
  EXPECT_EQ(input.summary(), "no cfg=2 here");
  EXPECT_TRUE(input.ranks[0].has_bad_input());
  const launch::LocalResult unsupported = ending(error("unsupported"));
  EXPECT_EQ(unsupported.summary(), "no cfg=2 here");
  EXPECT_EQ(unsupported.ranks[0].error->kind, launch::RankError::Kind::kUnsupported);
  EXPECT_EQ(ending(error("engine")).summary(), "rank 0 failed before its first stage; no cfg=2 here");
  EXPECT_THAT(ending(error("other")).summary(), HasSubstr("'other' is not known"));
}

TEST_F(RanksTest, SilenceIsAStall) {
  const launch::LocalResult result = ending("hello; answer() { sleep 100; }; serve", 0.5);
  EXPECT_EQ(result.outcome, Outcome::kStalled);
  EXPECT_EQ(ending("sleep 100", 0.5).outcome, Outcome::kStalled);
}

TEST_F(RanksTest, OfOneKindAreKeptAndDeadOnesReplaced) {
  ResidentRanks resident(std::uint64_t{1} << 40);
  const auto process = [&](const std::string& kind, bool shares_memory = true) {
    const launch::LocalJob fake = job("hello; answer() { echo process $$; done_with $1; }; serve");
    EXPECT_EQ(resident.of(kind, shares_memory, fake).run(task(), limits()).outcome, Outcome::kFinished);
    const std::string text = log();
    return std::stoi(text.substr(text.find("process ") + 8));
  };
  const int first = process("a");
  const int other = process("b");
  EXPECT_NE(first, other);
  EXPECT_EQ(process("a"), first);
  ::kill(first, SIGKILL);
  while (::kill(first, 0) == 0 &&
         read_file(fmt::format("/proc/{}/stat", first)).find(") Z") == std::string::npos) {
  }
  const int next = process("a");
  EXPECT_NE(next, first);
  EXPECT_EQ(process("b"), other);
  // On a GPU nobody knows what the others hold.
  process("a", /*shares_memory=*/false);
  EXPECT_NE(process("b"), other);
  resident.end("a");
  EXPECT_NE(process("a"), next);
}

TEST_F(RanksTest, ThatHoldTooMuchEndTheOneUsedLongestAgoFirst) {
  // A shell holds some MiB: two are kept, a third idle one is too much.
  const launch::LocalJob fake = job("hello; serve");
  const std::uint64_t one = [&] {
    Ranks ranks(fake);
    ranks.run(task(), limits());
    return ranks.resident_bytes();
  }();
  ResidentRanks resident(2 * one + one / 2);
  const auto ask = [&](const std::string& kind) { return &resident.of(kind, true, fake); };
  for (const char* kind : {"a", "b", "c"}) ask(kind)->run(task(), limits());
  ask("d")->run(task(), limits());
  const auto was_new = [&](const std::string& kind) {
    ask(kind)->run(task(), limits());
    return log().find("\"request\":\"load\"") != std::string::npos;
  };
  EXPECT_FALSE(was_new("c"));
  EXPECT_TRUE(was_new("a"));
}

}  // namespace
}  // namespace isoframe::harness::engine
