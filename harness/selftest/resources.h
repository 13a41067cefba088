#pragma once
// Faults of time and memory, judged as a run is judged against an earlier one.

#include <optional>
#include <string>

#include "harness/selftest/fault.h"
#include "harness/selftest/planted_run.h"
#include "reports/records/selftest_record.h"

namespace isoframe::harness::selftest {

/// Outcome of sound and faulty runs in turns.
struct ResourceTrial {
  bool is_caught = false;                                ///< the fault's gate broke
  std::optional<reports::records::ResourcePlace> found;  ///< only if it was caught
  std::string sentence;                                  ///< `found` in words
  bool is_sound = true;                                  ///< sound runs hold the same gates among themselves
};

/// Measures pairs of sound and faulty runs, more and more of them until they tell.
ResourceTrial try_resource_fault(const Fault& fault, const Materials& materials);

/// Pairs that are measured at a time, and at most in all.
inline constexpr int kPairs = 10;
inline constexpr int kMostPairs = 160;

}  // namespace isoframe::harness::selftest
