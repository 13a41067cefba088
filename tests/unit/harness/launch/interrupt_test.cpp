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

TEST(Interrupt, ARequestToTerminateAndAClosedTerminalCountAsOne) {
  for (const int number : {SIGTERM, SIGHUP}) {
    EXPECT_EXIT(
        {
          const std::atomic<bool>& interrupted = catch_interrupts();
          ::raise(number);
          ::_exit(interrupted ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
  }
}

TEST(Interrupt, UnderNohupAClosedTerminalIsNone) {
  EXPECT_EXIT(
      {
        ::signal(SIGHUP, SIG_IGN);
        const std::atomic<bool>& interrupted = catch_interrupts();
        ::raise(SIGHUP);
        ::_exit(interrupted ? 1 : 0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(Interrupt, OneThatComesTwiceAtOnceIsOne) {
  EXPECT_EXIT(
      {
        const std::atomic<bool>& interrupted = catch_interrupts();
        for (const int number : {SIGTERM, SIGTERM, SIGINT, SIGHUP}) ::raise(number);
        ::_exit(interrupted ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(Interrupt, ASecondOneLaterEndsTheProcess) {
  EXPECT_EXIT(
      {
        catch_interrupts();
        ::raise(SIGINT);
        ::usleep(1'100'000);
        ::raise(SIGINT);
        ::_exit(0);
      },
      testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace isoframe::harness::launch
