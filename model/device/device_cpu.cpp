// A build without CUDA.

#include "model/device/device.h"

#include "base/error.h"

namespace isoframe::model::device {

void check_available(const std::string& name, int) {
  if (name != "cpu")
    throw InputError("device 'cuda': this build has no CUDA; build the cuda preset, or use device cpu");
}

std::string of_machine() { return "cpu"; }

c10::Device take(const std::string& name, int) {
  check_available(name);
  return c10::Device(c10::kCPU);
}

std::string name_of(const c10::Device&) { return "cpu"; }

void compute_reproducibly(const c10::Device&, bool) {}
void synchronize(const c10::Device&) {}
std::function<Moment()> clock_of(const c10::Device&) {
  return [] { return [time = std::chrono::steady_clock::now()] { return time; }; };
}
std::optional<Memory> memory(const c10::Device&) { return std::nullopt; }
void reset_peak_memory(const c10::Device&) {}
std::optional<Description> describe(const c10::Device&) { return std::nullopt; }

}  // namespace isoframe::model::device
