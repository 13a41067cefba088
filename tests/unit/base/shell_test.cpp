#include "base/shell.h"

#include <cstdio>
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

/// The word that a POSIX shell makes of a quoted one.
std::string read_by_shell(const std::string& quoted) {
  const std::string command = "printf %s " + quoted;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  std::string word;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) word += static_cast<char>(c);
  ::pclose(pipe);
  return word;
}

TEST(ShellQuoted, BytesThatAreNoTextAreQuotedAsText) {
  EXPECT_EQ(shell_quoted("caf\xe9 x"), "\"$(printf 'caf\\351 x')\"");
  for (const std::string word : {"caf\xe9 x", "100%\xff", "a\\n'\xe9\"$HOME`", "two\nlines\xff.", "\xe9\n"})
    EXPECT_EQ(read_by_shell(shell_quoted(word)), word);
}

TEST(ShellQuoted, JoinsWordsWithOneSpace) {
  EXPECT_EQ(shell_quoted(std::vector<std::string>{"run", "a b", "--filter", "t2v*"}),
            "run 'a b' --filter 't2v*'");
}

}  // namespace
}  // namespace isoframe::base
