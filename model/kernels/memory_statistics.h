#pragma once

#include <cstdint>

namespace isoframe::model::kernels {

/// Bytes of CPU tensors.
struct MemoryStatistics {
  std::uint64_t live = 0;      ///< requested by the tensors that exist now
  std::uint64_t peak = 0;      ///< the most of `live` since the last reset_peak()
  std::uint64_t reserved = 0;  ///< held from the operating system, in use or kept
};

}  // namespace isoframe::model::kernels
