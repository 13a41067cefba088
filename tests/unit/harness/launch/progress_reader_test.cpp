#include "harness/launch/progress_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isoframe::harness::launch {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(ProgressReader, ALineMayArriveInPieces) {
  ProgressReader reader(5);
  EXPECT_THAT(reader.read("{\"stage\": \"den"), IsEmpty());
  EXPECT_THAT(reader.read("oise\", \"index\": 3, \"of\": 8}"), IsEmpty());
  const std::vector<Progress> reports = reader.read("\n{\"stage\": \"decode\"}\n{\"sta");
  ASSERT_THAT(reports, SizeIs(2));
  EXPECT_EQ(reports[0].rank, 5);
  EXPECT_EQ(reports[0].stage, "denoise");
  EXPECT_EQ(reports[0].index, 3);
  EXPECT_EQ(reports[0].of, 8);
  EXPECT_EQ(reports[1].stage, "decode");
  EXPECT_EQ(reports[1].index, -1);
}

TEST(ProgressReader, WhatIsNoReportIsPassedOver) {
  ProgressReader reader(0);
  EXPECT_THAT(reader.read("hello\n\n{\"stage\": 3}\n[1]\n{\"index\": 1}\n{\"stage\n\xff\xfe\n"), IsEmpty());
  const std::vector<Progress> reports = reader.read("{\"stage\": \"text\", \"index\": \"x\"}\n");
  ASSERT_THAT(reports, SizeIs(1));
  EXPECT_EQ(reports[0].index, -1);
}

TEST(ProgressReader, ALineWithoutEndIsDroppedAndTheNextIsRead) {
  ProgressReader reader(0);
  EXPECT_THAT(reader.read(std::string(100'000, 'x')), IsEmpty());
  EXPECT_THAT(reader.read("\n{\"stage\": \"text\"}\n"), SizeIs(1));
}

}  // namespace
}  // namespace isoframe::harness::launch
