#include "harness/worker/yardstick.h"

#include <chrono>

#include <ATen/ATen.h>

#include "base/time.h"
#include "harness/measure/thread_clock.h"
#include "model/device/device.h"

namespace isoframe::harness::worker {

namespace {

class Yardstick {
 public:
  explicit Yardstick(const c10::Device& device) : device_(device) {}

  /// Does every kind of work once, for the memory, the caches and the libraries' first calls.
  void warm_up() { work({.products = 1, .convolutions = 1, .passes = 1, .small = 100}); }
  void turn() { work({.products = 16, .convolutions = 2, .passes = 4, .small = 2400}); }

 private:
  struct Counts {
    int products, convolutions, passes, small;
  };

  void work(const Counts& counts) {
    for (int k = 0; k < counts.products; ++k) at::mm_out(product_, matrix_, matrix_);
    for (int k = 0; k < counts.convolutions; ++k) at::conv3d(volume_, kernel_);
    for (int k = 0; k < counts.passes; ++k) at::mul_out(passed_, memory_, memory_);
    for (int k = 0; k < counts.small; ++k) at::add_out(sum_, small_, small_);
    model::device::synchronize(device_);
  }

  /// Picks a size: larger ones for an accelerator, where small operators alone would measure who asks.
  std::int64_t size(std::int64_t on_cpu, std::int64_t on_accelerator) const {
    return device_.is_cpu() ? on_cpu : on_accelerator;
  }
  /// Makes a tensor whose values do not matter, as long as no product is denormal.
  at::Tensor filled(at::IntArrayRef shape) const {
    return at::full(shape, 0.01, at::TensorOptions(device_).dtype(at::kFloat));
  }

  c10::Device device_;
  at::Tensor matrix_ = filled({size(320, 2048), size(320, 2048)}), product_ = at::empty_like(matrix_);
  at::Tensor volume_ = filled({1, 32, 5, size(66, 258), size(66, 258)}), kernel_ = filled({32, 32, 3, 3, 3});
  at::Tensor memory_ = filled({size(4 << 20, 64 << 20)}), passed_ = at::empty_like(memory_);
  at::Tensor small_ = filled({256}), sum_ = at::empty_like(small_);
};

}  // namespace

reports::records::Yardstick time_yardstick(const c10::Device& device) {
  // The unit is as long as it has always been, so that times in it can be compared with those of older runs.
  constexpr double kTurnsOfUnit = 2.0;
  Yardstick yardstick(device);
  yardstick.warm_up();
  const auto start = std::chrono::steady_clock::now();
  const auto busy_start = measure::ThreadClock::now();
  yardstick.turn();
  const double busy = kTurnsOfUnit * base::seconds_since(busy_start);
  const double seconds = kTurnsOfUnit * base::seconds_since(start);
  return {.seconds = seconds, .busy_seconds = device.is_cpu() ? busy : seconds};
}

}  // namespace isoframe::harness::worker
