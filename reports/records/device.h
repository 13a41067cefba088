#pragma once
// The record of a rank's GPU.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "reports/records/field.h"

namespace isoframe::reports::records {

/// The GPU of a rank.
struct Device {
  std::int64_t index = 0;
  std::string name, compute_capability;
  std::uint64_t memory_bytes = 0;
  std::string driver, cuda, cudnn, nccl;
  std::optional<double> celsius, power_watts, sm_clock_hertz;
  std::string nvml;

  template <typename T = Device>
  static constexpr auto fields() {
    return std::tuple{
        field("index", &T::index, "", "CUDA ordinal"),
        compared(field("name", &T::name, "", "model of the GPU")),
        field("compute_capability", &T::compute_capability, "", "compute capability: \"9.0\""),
        compared_roughly(field("memory_bytes", &T::memory_bytes, "bytes", "the device's memory")),
        compared(field("driver", &T::driver, "", "version of the driver", Presence::kNull)),
        compared(field("cuda", &T::cuda, "", "version of the CUDA runtime", Presence::kNull)),
        compared(field("cudnn", &T::cudnn, "", "version of cuDNN", Presence::kNull)),
        compared(field("nccl", &T::nccl, "", "version of NCCL", Presence::kNull)),
        field("celsius", &T::celsius, "°C", "temperature", Presence::kNull),
        field("power_watts", &T::power_watts, "W", "power", Presence::kNull),
        field("sm_clock_hertz", &T::sm_clock_hertz, "Hz", "clock", Presence::kNull),
        field("nvml", &T::nvml, "", "whether NVML is `present`, or why it is not"),
    };
  }
};

/// The memory of a rank's GPU.
struct DeviceMemory {
  std::uint64_t peak_allocated_bytes = 0, peak_reserved_bytes = 0, used_bytes = 0, total_bytes = 0;

  template <typename T = DeviceMemory>
  static constexpr auto fields() {
    return std::tuple{
        field("peak_allocated_bytes", &T::peak_allocated_bytes, "bytes",
              "most bytes that tensors held at once"),
        field("peak_reserved_bytes", &T::peak_reserved_bytes, "bytes",
              "most bytes that the allocator held at once"),
        field("used_bytes", &T::used_bytes, "bytes", "bytes in use on the device, by whomever"),
        field("total_bytes", &T::total_bytes, "bytes", "the device's memory"),
    };
  }
};

}  // namespace isoframe::reports::records
