#pragma once
// The processor time of the calling thread.
//
// Ranks share cores with each other, often too few of them, and with other programs.  The time that a rank's
// own thread used is the time that a device of its own would have taken, without waiting and preemption.

#include <chrono>
#include <ctime>

namespace isoframe::harness::measure {

struct ThreadClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<ThreadClock>;
  static constexpr bool is_steady = true;

  static time_point now() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time_point(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
  }
};

}  // namespace isoframe::harness::measure
