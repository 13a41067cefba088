#include "harness/launch/progress.h"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <pty.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file_descriptor.h"

namespace isoframe::harness::launch {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Seconds = ProgressEstimate::Seconds;

TEST(ProgressEstimate, NothingIsPromisedBeforeAnythingWasMeasured) {
  ProgressEstimate estimate(3);
  estimate.begin("single", Seconds(0));
  estimate.update({0, "text", -1, -1}, Seconds(2));
  EXPECT_FALSE(estimate.left(Seconds(3)));
  EXPECT_EQ(estimate.text(Seconds(3)), "[1/3] single: text, 0:03");
}

TEST(ProgressEstimate, TheFirstRoundIsEstimatedFromItsSteps) {
  ProgressEstimate estimate(2);
  estimate.begin("single", Seconds(0));
  estimate.update({0, "denoise", 0, 8}, Seconds(10));
  estimate.update({0, "denoise", 2, 8}, Seconds(14));
  // 2 s a step, 6 steps left in this round; the next takes as long as this one: 14 + 12 s.
  EXPECT_DOUBLE_EQ(estimate.left(Seconds(14))->count(), 12 + 26);
  EXPECT_EQ(estimate.text(Seconds(14)), "[1/2] single: denoise 3/8, 0:14, about 0:38 left");
}

TEST(ProgressEstimate, LaterRoundsAreEstimatedFromFinishedOnes) {
  ProgressEstimate estimate(4);
  for (int round = 0; round < 2; ++round) {
    estimate.begin("a", Seconds(100 * round));
    estimate.end(Seconds(100 * round + 60 + 40 * round));
  }
  estimate.begin("b", Seconds(200));
  EXPECT_DOUBLE_EQ(estimate.left(Seconds(230))->count(), 50 + 80);
  EXPECT_DOUBLE_EQ(estimate.left(Seconds(500))->count(), 80) << "a slow round is not finished in the past";
}

TEST(ProgressEstimate, OnlyRankZeroIsShown) {
  ProgressEstimate estimate(1);
  estimate.begin("a", Seconds(0));
  estimate.update({0, "decode", -1, -1}, Seconds(1));
  estimate.update({3, "text", -1, -1}, Seconds(1));
  EXPECT_THAT(estimate.text(Seconds(3700)), AllOf(HasSubstr("decode"), EndsWith("1:01:40")));
}

/// Receives what is written to a terminal or to a pipe.
class Output {
 public:
  explicit Output(bool terminal) {
    int ends[2];
    if (terminal) {
      const winsize size{.ws_row = 24, .ws_col = 20, .ws_xpixel = 0, .ws_ypixel = 0};
      EXPECT_EQ(::openpty(&ends[0], &ends[1], nullptr, nullptr, &size), 0);
    } else {
      EXPECT_EQ(::pipe(ends), 0);
    }
    reader_ = base::FileDescriptor(ends[0]);
    writer_ = base::FileDescriptor(ends[1]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  int descriptor() const { return writer_.get(); }
  std::string read() const {
    std::array<char, 4096> buffer;
    const ssize_t count = ::read(reader_.get(), buffer.data(), buffer.size());
    return count > 0 ? std::string(buffer.data(), static_cast<std::size_t>(count)) : std::string();
  }

 private:
  base::FileDescriptor reader_, writer_;
};

TEST(ProgressLine, IsRewrittenInPlaceAndWiped) {
  ::setenv("TERM", "xterm", 1);
  const Output terminal(true);
  ProgressLine line(2, terminal.descriptor());
  line.begin("single");
  EXPECT_THAT(terminal.read(), AllOf(HasSubstr("\r[1/2] single"), Not(HasSubstr("\n"))));
  line.update({0, "a stage with a name that is longer than the line", -1, -1});
  EXPECT_EQ(terminal.read(), "\r[1/2] single: a sta\x1b[K")
      << "one column stays free, or the line would wrap";
  line.end();
  EXPECT_EQ(terminal.read(), "\r\x1b[K");
}

TEST(ProgressLine, IsSilentInAPipeAndOnADumbTerminal) {
  ::setenv("TERM", "xterm", 1);
  const Output pipe(false);
  const Output terminal(true);
  {
    ProgressLine in_pipe(1, pipe.descriptor());
    ::setenv("TERM", "dumb", 1);
    ProgressLine on_dumb(1, terminal.descriptor());
    for (ProgressLine* line : {&in_pipe, &on_dumb}) {
      line->begin("single");
      line->update({0, "text", -1, -1});
      line->end();
    }
  }
  EXPECT_THAT(pipe.read(), IsEmpty());
  EXPECT_THAT(terminal.read(), IsEmpty());
}

}  // namespace
}  // namespace isoframe::harness::launch
