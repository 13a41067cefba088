#pragma once
// The record of what a host's processors did during a trial, by which a slow machine is told from a busy one.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "reports/records/field.h"

namespace isoframe::reports::records {

/// A reading of the processors that one process may run on.  Whatever a host does not tell is unset.
struct HostLoad {
  std::string host, processors;
  int processor_count = 0;
  double seconds = 0.0, own_seconds = 0.0;
  std::optional<double> busy_seconds, steal_seconds;
  std::optional<std::uint64_t> thermal_throttles, quota_throttles;
  std::optional<double> quota_throttled_seconds;

  template <typename T = HostLoad>
  static constexpr auto fields() {
    return std::tuple{
        field("host", &T::host, "", "name of the machine"),
        field("processors", &T::processors, "", "the processors that the process may run on: \"0-3,8\""),
        field("processor_count", &T::processor_count, "", "number of them"),
        field("seconds", &T::seconds, "s", "time by the clock"),
        field("own_seconds", &T::own_seconds, "s", "processor time of the process itself"),
        field("busy_seconds", &T::busy_seconds, "s",
              "time of those processors in all processes, interrupts left out", Presence::kNull),
        field("steal_seconds", &T::steal_seconds, "s",
              "time that a hypervisor gave to others while those processors had work", Presence::kNull),
        field("thermal_throttles", &T::thermal_throttles, "",
              "how often processors slowed down for heat, added up over all of them", Presence::kNull),
        field("quota_throttles", &T::quota_throttles, "",
              "how often the control group's quota of processor time was used up", Presence::kNull),
        field("quota_throttled_seconds", &T::quota_throttled_seconds, "s",
              "time that its threads were held up for that, added up over processors", Presence::kNull),
    };
  }
};

}  // namespace isoframe::reports::records
