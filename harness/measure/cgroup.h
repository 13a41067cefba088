#pragma once
// The limits that a container sets, and how often they are felt.

#include <cstdint>
#include <filesystem>
#include <optional>

#include "reports/records/case_result.h"

namespace isoframe::harness::measure {

/// Reads the limits of this process: the tightest on its way up to the root.  The folders are arguments for
/// tests.  Sources: cgroup v2 cpu.max and memory.max; v1 cpu.cfs_quota_us, cpu.cfs_period_us,
/// memory.limit_in_bytes.
reports::records::Limits cgroup_limits(const std::filesystem::path& proc = "/proc",
                                       const std::filesystem::path& sys = "/sys/fs/cgroup");

/// Counts how often a quota of processor time was used up, and adds up how long threads were held up for it,
/// over all processors.
struct Throttling {
  std::uint64_t count = 0;
  double seconds = 0.0;
};

/// Reads the throttling of this process by its group and all groups above it; nothing where none of them
/// tells.  Sources: cpu.stat of both versions.
std::optional<Throttling> cgroup_throttling(const std::filesystem::path& proc = "/proc",
                                            const std::filesystem::path& sys = "/sys/fs/cgroup");

}  // namespace isoframe::harness::measure
