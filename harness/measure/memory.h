#pragma once
// Memory of this process, as Linux counts it.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

namespace isoframe::harness::measure {

/// The largest resident size since the start or the last reset, shared pages counted in full (VmHWM).
/// Unset where the kernel does not say.
std::optional<std::uint64_t> peak_resident_bytes();
/// Lets the peak begin again at what is resident now.  Returns whether the kernel allows that.
bool reset_peak_resident();

/// The size that is resident now, of pages that another process maps too one part in `ranks`: the sum over
/// the ranks of a case is what they use together, weights mapped by all of them counted once.  The kernel's
/// own proportional size (Pss) would fall with every other process that maps LibTorch.
std::optional<std::uint64_t> proportional_bytes(int ranks);

/// The largest proportional_bytes() of a span of time, sampled by a thread of its own.
///
/// The kernel walks the page tables for each sample: 15 to 20 ms for a resident GiB in 4 KiB pages, during
/// which mmap() waits.  So the thread rests 50 times as long as a sample took, which costs at most 2 % of a
/// core.  It may miss peaks shorter than the interval, which peak_resident_bytes() has.
class PeakProportional {
 public:
  explicit PeakProportional(int ranks, std::chrono::milliseconds interval = std::chrono::milliseconds(50));
  ~PeakProportional();
  PeakProportional(const PeakProportional&) = delete;
  PeakProportional& operator=(const PeakProportional&) = delete;

  /// Takes a last sample, ends the thread and returns the largest.  A second call returns the same.
  std::optional<std::uint64_t> stop();

 private:
  void sample_until_stopped(std::chrono::milliseconds interval);
  void look();

  const int ranks_;
  std::mutex mutex_;
  std::condition_variable stop_signal_;
  bool stopped_ = false;
  std::optional<std::uint64_t> peak_;
  std::thread thread_;
};

}  // namespace isoframe::harness::measure
