#include "harness/launch/progress_report.h"

#include <string>

#include <gtest/gtest.h>

namespace isoframe::harness::launch {
namespace {

TEST(ProgressReport, IsTheSameAtBothEndsOfThePipe) {
  std::string line = to_line({.rank = 1, .stage = "denoise", .index = 3, .of = 8});
  ASSERT_EQ(line.back(), '\n');
  line.pop_back();
  const auto report = from_line(/*rank=*/1, line);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->rank, 1);
  EXPECT_EQ(report->stage, "denoise");
  EXPECT_EQ(report->index, 3);
  EXPECT_EQ(report->of, 8);
  EXPECT_FALSE(from_line(1, "denoise 3"));
}

TEST(Describe, SaysStageAndIndex) {
  EXPECT_EQ(describe({0, "text", -1, -1}), "text");
  EXPECT_EQ(describe({0, "denoise", 3, 8}), "denoise step 3");
  EXPECT_EQ(describe({0, "decode.tile", 5, -1}), "decode.tile 5");
}

}  // namespace
}  // namespace isoframe::harness::launch
