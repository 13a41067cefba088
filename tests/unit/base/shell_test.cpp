#include "base/shell.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace isoframe::base {
namespace {

TEST(ShellQuoted, LeavesPlainWordsAndQuotesTheRest) {
  EXPECT_EQ(shell_quoted("scenarios/smoke.yaml"), "scenarios/smoke.yaml");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("my smoke.yaml"), "'my smoke.yaml'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quoted("$HOME"), "'$HOME'");
}

TEST(ShellQuoted, JoinsWordsWithOneSpace) {
  EXPECT_EQ(shell_quoted(std::vector<std::string>{"run", "a b", "--filter", "t2v*"}),
            "run 'a b' --filter 't2v*'");
}

}  // namespace
}  // namespace isoframe::base
