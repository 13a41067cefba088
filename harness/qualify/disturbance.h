#pragma once
// Tells whether something else ran beside a repetition, so that its rates say nothing of the machine.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/records/host_load.h"
#include "reports/records/qualify_evidence.h"

namespace isoframe::harness::qualify {

/// A reading is disturbed if others (other processes, and a hypervisor's other guests) take more than this
/// share of a host's processors, or this many processors: one busy thread holds up all that wait for the
/// rank on its processor, however many there are.
inline constexpr double kMostOthersShare = 0.05;
inline constexpr double kMostOthersProcessors = 0.5;
/// It is disturbed too if a quota held threads up for more than this share of the processors' time, or if
/// heat slowed a processor down at all.
inline constexpr double kMostThrottledShare = 0.05;

/// A host during one trial, in shares of the time of its processors.  What it does not tell is unset.
struct HostReading {
  std::string host;
  std::optional<double> others, steal, throttled;
  std::optional<std::uint64_t> thermal_throttles, quota_throttles;
  bool is_disturbed = false;
};

/// Takes the loads that processes measured at the same time together: those of one host and on the same
/// processors are each other's own work.
std::vector<HostReading> readings_of(const std::vector<reports::records::HostLoad>& loads);

/// Adds a reading to its host's evidence.
void add(std::vector<reports::records::HostEvidence>& hosts, const HostReading& reading);

/// Says in part of a sentence what disturbed the hosts, and in another what helps: "other processes used up
/// to 61 % of node's processors", "end them".
struct Explanation {
  std::string cause, remedy;
};
Explanation explanation_of(const std::vector<reports::records::HostEvidence>& hosts);

}  // namespace isoframe::harness::qualify
