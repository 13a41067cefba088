#include "harness/launch/appended_lines.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.h"

namespace isoframe::harness::launch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(AppendedLines, AreReadOnceEach) {
  const base::TemporaryFolder folder;
  const auto file = folder.path() / "answers.jsonl";
  AppendedLines lines(file);
  EXPECT_THAT(lines.read(), IsEmpty()) << "nobody has made the file yet";
  EXPECT_TRUE(append_line(file, "one\n"));
  EXPECT_TRUE(append_line(file, "two\n"));
  EXPECT_THAT(lines.read(), ElementsAre("one", "two"));
  EXPECT_THAT(lines.read(), IsEmpty());
  EXPECT_TRUE(append_line(file, "three\n"));
  EXPECT_THAT(lines.read(), ElementsAre("three"));
  EXPECT_THAT(AppendedLines(file).read(), ElementsAre("one", "two", "three"));
}

TEST(AppendedLines, MayArriveInPieces) {
  const base::TemporaryFolder folder;
  const auto file = folder.path() / "answers.jsonl";
  AppendedLines lines(file);
  append_line(file, "begun");
  EXPECT_THAT(lines.read(), IsEmpty());
  append_line(file, " and ended\nnext");
  EXPECT_THAT(lines.read(), ElementsAre("begun and ended"));
}

TEST(AppendedLines, SaysWhenALineCannotBeWritten) {
  const base::TemporaryFolder folder;
  EXPECT_FALSE(append_line(folder.path() / "no such folder" / "answers.jsonl", "lost\n"));
  EXPECT_FALSE(append_line("/dev/full", "lost\n"));
}

}  // namespace
}  // namespace isoframe::harness::launch
