#include "harness/launch/interrupt.h"

#include <csignal>
#include <unistd.h>

#include <gtest/gtest.h>

namespace isoframe::harness::launch {
namespace {

TEST(Interrupt, TheFirstSetsTheFlag) {
  EXPECT_EXIT(
      {
        const std::atomic<bool>& interrupted = catch_interrupts();
        const bool before = interrupted;
        ::raise(SIGINT);
        ::_exit(!before && interrupted ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(Interrupt, ARequestToTerminateCountsAsOne) {
  EXPECT_EXIT(
      {
        const std::atomic<bool>& interrupted = catch_interrupts();
        ::raise(SIGTERM);
        ::_exit(interrupted ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(Interrupt, TheSecondEndsTheProcess) {
  EXPECT_EXIT(
      {
        catch_interrupts();
        ::raise(SIGINT);
        ::raise(SIGINT);
        ::_exit(0);
      },
      testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace isoframe::harness::launch
