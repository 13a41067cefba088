#include "harness/launch/progress_writer.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isoframe::harness::launch {
namespace {

TEST(ProgressWriter, HandsReportsOn) {
  std::vector<std::string> seen;
  const ProgressWriter writer([&](const Progress& progress) { seen.push_back(to_line(progress)); });
  writer.write("denoise", 3, 8);
  writer.write("text");
  EXPECT_THAT(
      seen, testing::ElementsAre("{\"index\":3,\"of\":8,\"stage\":\"denoise\"}\n", "{\"stage\":\"text\"}\n"));
  ProgressWriter().write("text");
}

}  // namespace
}  // namespace isoframe::harness::launch
