#include "model/device/nvml.h"

#include <array>
#include <dlfcn.h>
#include <memory>

#include <fmt/format.h>

namespace isoframe::model::device {

namespace {

// Declarations of nvml.h, which neither the wheels nor Debian have: a stable C interface.
using Device = struct nvmlDevice_st*;
constexpr int kSuccess = 0;
constexpr int kClockSm = 1;
constexpr int kTemperatureGpu = 0;

class Library {
 public:
  Library() : handle_(::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL), close) {}

  explicit operator bool() const { return handle_ != nullptr; }

  /// True if the call exists and succeeds.
  template <class... Arguments>
  bool call(const char* name, Arguments... arguments) const {
    const auto function = reinterpret_cast<int (*)(Arguments...)>(::dlsym(handle_.get(), name));
    return function != nullptr && function(arguments...) == kSuccess;
  }

 private:
  static void close(void* handle) {
    if (handle != nullptr) ::dlclose(handle);
  }
  std::unique_ptr<void, void (*)(void*)> handle_;
};

}  // namespace

void add_nvml(const std::string& bus_id, Description& description) {
  const Library nvml;
  if (!nvml) {
    description.nvml_absence = "libnvidia-ml.so.1 is not installed";
    return;
  }
  if (!nvml.call("nvmlInit_v2")) {
    description.nvml_absence = "NVML does not start: no driver, or no right to it";
    return;
  }
  std::array<char, 96> driver{};
  if (nvml.call("nvmlSystemGetDriverVersion", driver.data(), static_cast<unsigned>(driver.size())))
    description.driver = driver.data();
  Device device = nullptr;
  unsigned value = 0;
  if (nvml.call("nvmlDeviceGetHandleByPciBusId_v2", bus_id.c_str(), &device)) {
    if (nvml.call("nvmlDeviceGetTemperature", device, kTemperatureGpu, &value)) description.celsius = value;
    if (nvml.call("nvmlDeviceGetPowerUsage", device, &value)) description.power_watts = value / 1000.0;
    if (nvml.call("nvmlDeviceGetClockInfo", device, kClockSm, &value))
      description.sm_clock_hertz = value * 1e6;
  } else {
    description.nvml_absence = fmt::format("NVML knows no GPU at {}", bus_id);
  }
  nvml.call("nvmlShutdown");
}

}  // namespace isoframe::model::device
