#pragma once
// Load of a host while something is measured: the process's own work, that of others, time that a hypervisor
// takes away, throttling for heat and by a quota.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <sched.h>
#include <string>

#include "harness/launch/affinity.h"
#include "harness/measure/cgroup.h"
#include "reports/records/host_load.h"

namespace isoframe::harness::measure {

/// The places that are read; other ones for tests.
struct HostSources {
  std::filesystem::path proc = "/proc";
  std::filesystem::path sys = "/sys";
  cpu_set_t processors = launch::usable_cores();
};

/// Reads a host from its construction on.
class HostWatch {
 public:
  /// The processes whose time is their own, not others'.
  enum class Own {
    kProcess,            ///< this one
    kProcessAndChildren  ///< and those of its children that have ended
  };
  explicit HostWatch(Own own, HostSources sources = {});

  /// Reads what happened since the construction.  What this host does not tell is unset.
  reports::records::HostLoad load(const std::string& host) const;

 private:
  /// Counters that only grow.
  struct Counters {
    std::chrono::steady_clock::time_point time;
    double own_seconds = 0.0;
    std::optional<double> busy_seconds, steal_seconds;
    std::optional<std::uint64_t> thermal_throttles;
    std::optional<Throttling> quota;
  };
  Counters counters() const;

  Own own_;
  HostSources sources_;
  Counters begin_;
};

}  // namespace isoframe::harness::measure
