#include "harness/launch/progress_writer.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isoframe::harness::launch {
namespace {

namespace fs = std::filesystem;

TEST(ProgressWriter, HandsReportsOn) {
  std::vector<std::string> seen;
  const ProgressWriter writer([&](const Progress& progress) { seen.push_back(to_line(progress)); });
  writer.write("denoise", 3, 8);
  writer.write("text");
  EXPECT_THAT(
      seen, testing::ElementsAre("{\"index\":3,\"of\":8,\"stage\":\"denoise\"}\n", "{\"stage\":\"text\"}\n"));
  ProgressWriter().write("text");
}

TEST(ProgressWriter, AppendsLinesToAFile) {
  const fs::path file = fs::path(testing::TempDir()) / "progress writer.jsonl";
  fs::remove(file);
  ProgressWriter::to_file(file).write("text");
  ProgressWriter::to_file(file).write("decode");
  std::ifstream stream(file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}),
            "{\"stage\":\"text\"}\n{\"stage\":\"decode\"}\n");
  fs::remove(file);
  // A file that cannot be made costs only the reports.
  ProgressWriter::to_file(file / "in a folder that is none").write("text");
}

}  // namespace
}  // namespace isoframe::harness::launch
