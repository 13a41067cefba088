#pragma once
// Faults of time and memory, judged as a run is judged against an earlier one.

#include <nlohmann/json.hpp>

#include "harness/selftest/fault.h"
#include "harness/selftest/planted_run.h"

namespace isoframe::harness::selftest {

/// Sound and faulty runs in turns.  {"gate": "latency", "memory" or null where no gate broke, "found":
/// {stage, step, point, ranks} or null, "sentence", "sound": whether sound runs pass the same gates among
/// themselves}.  More and more pairs are measured until they tell.
nlohmann::json judge_resources(const Fault& fault, const Materials& materials);

/// Measured at a time, and in all.
inline constexpr int kPairs = 10;
inline constexpr int kMostPairs = 160;

}  // namespace isoframe::harness::selftest
