#include "harness/launch/progress_writer.h"

#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/harness/launch/pipe.h"

namespace isoframe::harness::launch {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(ProgressWriter, ALauncherThatReadsNothingDoesNotHoldUpTheRun) {
  const Pipe pipe;
  const ProgressWriter writer(pipe.writer());
  for (int i = 0; i < 10'000; ++i) writer.write("denoise", i, 10'000);
  const std::vector<json> received = pipe.read();
  EXPECT_GT(received.size(), 10u);
  EXPECT_LT(received.size(), 10'000u);
  for (std::size_t i = 0; i < received.size(); ++i)
    ASSERT_EQ(received[i].at("index"), i) << "whole lines only";
}

TEST(ProgressWriter, ALauncherThatIsGoneDoesNotEndTheRun) {
  Pipe pipe;
  const ProgressWriter writer(pipe.writer());
  pipe.close_reader();
  writer.write("text");
}

TEST(ProgressWriter, FindsItsDescriptorInTheEnvironment) {
  const Pipe pipe;
  ::setenv("ISOFRAME_PROGRESS_FD", std::to_string(pipe.writer()).c_str(), 1);
  ProgressWriter::from_environment().write("text");
  EXPECT_THAT(pipe.read(), ElementsAre(json{{"stage", "text"}}));
  for (const char* wrong : {"", "none", "-1", "9999"}) {
    ::setenv("ISOFRAME_PROGRESS_FD", wrong, 1);
    ProgressWriter::from_environment().write("text");
  }
  ::unsetenv("ISOFRAME_PROGRESS_FD");
  ProgressWriter::from_environment().write("text");
  EXPECT_THAT(pipe.read(), IsEmpty());
}

}  // namespace
}  // namespace isoframe::harness::launch
