#pragma once
// What a container allows.

#include <cstdint>
#include <filesystem>
#include <optional>

namespace isoframe::harness::measure {

/// Unset where there is no limit.
struct CgroupLimits {
  std::optional<double> cores;
  std::optional<std::uint64_t> memory_bytes;
};

/// Of this process: the tightest on its way up to the root.  The folders are arguments for tests.
/// Sources: cgroup v2 cpu.max and memory.max; v1 cpu.cfs_quota_us, cpu.cfs_period_us, memory.limit_in_bytes.
CgroupLimits cgroup_limits(const std::filesystem::path& proc = "/proc",
                           const std::filesystem::path& sys = "/sys/fs/cgroup");

}  // namespace isoframe::harness::measure
