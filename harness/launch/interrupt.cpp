#include "harness/launch/interrupt.h"

#include <csignal>
#include <cstdint>
#include <ctime>

namespace isoframe::harness::launch {

namespace {

/// Signals within a second of the first are the same request: `timeout` sends one to its child and to the
/// whole group, a closed terminal and its shell each send one.
constexpr std::int64_t kSameRequest = 1'000'000'000;

std::atomic<bool> interrupted{false};
std::atomic<std::int64_t> first_nanoseconds{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free,
              "a signal handler must not take a lock");

extern "C" void remember_interrupt(int number) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t nanoseconds = now.tv_sec * 1'000'000'000LL + now.tv_nsec;
  std::int64_t first = 0;
  interrupted = true;
  if (first_nanoseconds.compare_exchange_strong(first, nanoseconds)) return;
  if (nanoseconds - first < kSameRequest) return;
  // It is delivered when the handler returns.
  ::signal(number, SIG_DFL);
  ::raise(number);
}

bool is_ignored(int number) {
  struct sigaction action {};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

const std::atomic<bool>& catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = remember_interrupt;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM}) ::sigaction(number, &action, nullptr);
  // `nohup` asks for a run that outlives its terminal.
  if (!is_ignored(SIGHUP)) ::sigaction(SIGHUP, &action, nullptr);
  return interrupted;
}

}  // namespace isoframe::harness::launch
