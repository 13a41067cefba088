#include "harness/launch/launcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::harness::launch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> kWorker = {"/opt/iso frame", "worker", "job's.json"};

std::string refusal(const std::string& launcher) {
  try {
    check_launcher(launcher);
  } catch (const InputError& error) {
    return error.what();
  }
  return "none";
}

TEST(Launcher, WorkerAndRanksTakeTheirPlaces) {
  EXPECT_THAT(launcher_command("mpirun  -n {ranks} {worker} --end", 4, kWorker),
              ElementsAre("mpirun", "-n", "4", "/opt/iso frame", "worker", "job's.json", "--end"));
  EXPECT_THAT(launcher_command("srun --ntasks={ranks} {worker}", 12, kWorker),
              ElementsAre("srun", "--ntasks=12", "/opt/iso frame", "worker", "job's.json"));
}

TEST(Launcher, WorkerInsideAWordIsQuotedForTheShellThatReadsIt) {
  EXPECT_THAT(
      launcher_command("sh -c 'ulimit -l unlimited; exec {worker}'", 1, kWorker),
      ElementsAre("sh", "-c", R"(ulimit -l unlimited; exec '/opt/iso frame' worker 'job'\''s.json')"));
}

TEST(Launcher, QuotesKeepWordsTogether) {
  EXPECT_THAT(launcher_command(R"("a b" c\ d 'e "f"' "" {worker})", 1, {"w"}),
              ElementsAre("a b", "c d", "e \"f\"", "", "w"));
}

TEST(Launcher, WrongTemplatesAreExplained) {
  EXPECT_THAT(refusal("mpirun -n 2"), HasSubstr("does not say where {worker} goes"));
  EXPECT_THAT(refusal("sh -c '{worker}"), HasSubstr("a quote is not closed"));
  EXPECT_THAT(refusal("{worker}"), HasSubstr("has no program of its own"));
  EXPECT_THAT(refusal("no-such-launcher {worker}"), HasSubstr("no-such-launcher is not installed"));
  EXPECT_THAT(refusal("./no-such-launcher {worker}"), HasSubstr("./no-such-launcher is not installed"));
  EXPECT_EQ(refusal("sh -c 'exec {worker}'"), "none");
}

}  // namespace
}  // namespace isoframe::harness::launch
