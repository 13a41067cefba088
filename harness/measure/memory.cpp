#include "harness/measure/memory.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <pthread.h>
#include <string>
#include <string_view>

namespace isoframe::harness::measure {

namespace {

/// The bytes that a line "Key:   1234 kB" of a file tells.
std::optional<std::uint64_t> kilobytes_in(const char* file, std::string_view key) {
  std::ifstream stream(file);
  for (std::string word; stream >> word;) {
    std::uint64_t kilobytes = 0;
    if (word == key && stream >> kilobytes) return kilobytes * 1024;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> peak_resident_bytes() { return kilobytes_in("/proc/self/status", "VmHWM:"); }

bool reset_peak_resident() {
  std::ofstream stream("/proc/self/clear_refs");
  stream << "5" << std::flush;
  return stream.good();
}

std::optional<std::uint64_t> proportional_bytes(int ranks) {
  std::ifstream stream("/proc/self/smaps_rollup");
  std::optional<std::uint64_t> own, shared;
  for (std::string word; stream >> word;) {
    std::optional<std::uint64_t>* const sum = word.starts_with("Private_")  ? &own
                                              : word.starts_with("Shared_") ? &shared
                                                                            : nullptr;
    std::uint64_t kilobytes = 0;
    if (sum != nullptr && stream >> kilobytes) *sum = sum->value_or(0) + kilobytes * 1024;
  }
  if (!own || !shared) return std::nullopt;
  return *own + *shared / static_cast<std::uint64_t>(ranks);
}

PeakProportional::PeakProportional(int ranks, std::chrono::milliseconds interval) : ranks_(ranks) {
  // The thread blocks all signals, which are for the main thread.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this, interval] { sample_until_stopped(interval); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

PeakProportional::~PeakProportional() { stop(); }

std::optional<std::uint64_t> PeakProportional::stop() {
  if (!thread_.joinable()) return peak_;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stop_signal_.notify_one();
  thread_.join();
  look();
  return peak_;
}

void PeakProportional::sample_until_stopped(std::chrono::milliseconds interval) {
  constexpr int kLeastRest = 50;
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const auto start = std::chrono::steady_clock::now();
    look();
    const auto duration = std::chrono::steady_clock::now() - start;
    stop_signal_.wait_for(lock, std::max<std::chrono::nanoseconds>(interval, kLeastRest * duration),
                          [this] { return stopped_; });
  }
}

void PeakProportional::look() {
  const std::optional<std::uint64_t> now = proportional_bytes(ranks_);
  if (now) peak_ = std::max(peak_.value_or(0), *now);
}

}  // namespace isoframe::harness::measure
