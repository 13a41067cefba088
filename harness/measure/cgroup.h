#pragma once
// The limits that a container sets.

#include <filesystem>

#include "reports/records/case_result.h"

namespace isoframe::harness::measure {

/// Reads the limits of this process: the tightest on its way up to the root.  The folders are arguments for
/// tests.  Sources: cgroup v2 cpu.max and memory.max; v1 cpu.cfs_quota_us, cpu.cfs_period_us,
/// memory.limit_in_bytes.
reports::records::Limits cgroup_limits(const std::filesystem::path& proc = "/proc",
                                       const std::filesystem::path& sys = "/sys/fs/cgroup");

}  // namespace isoframe::harness::measure
