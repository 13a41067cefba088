#pragma once
// Faults of time and memory, judged as a run is judged against an earlier one.

#include <optional>
#include <string>
#include <vector>

#include "harness/selftest/fault.h"
#include "harness/selftest/planted_run.h"
#include "reports/records/selftest_record.h"

namespace isoframe::harness::selftest {

/// Part of its time that a stage takes longer in a planted fault of time.
inline constexpr double kSlowdown = 0.1;

/// Outcome of sound and faulty runs in turns.
struct ResourceTrial {
  bool is_caught = false;                                ///< the fault's gate broke
  std::optional<reports::records::ResourcePlace> found;  ///< only if it was caught
  std::string sentence;                                  ///< `found` in words
  bool is_sound = true;                                  ///< sound runs hold the same gates among themselves
  /// Smallest slow-down of the stage that the gate sees in 90 of 100 such trials, by the deviation of these
  /// repetitions; nothing for a fault of memory.
  std::optional<double> visible_slowdown = {};

  /// Reason why the trial shows nothing, or an empty string: it missed a fault that the machine is too noisy
  /// to see.
  std::string untrusted_reason() const;
};

/// Judges measured pairs, all but whether sound runs hold the gates.
ResourceTrial judge_pairs(const Fault& fault, const std::vector<MeasuredPair>& measured);

/// Measures pairs of sound and faulty runs, more and more of them until they tell.
ResourceTrial try_resource_fault(const Fault& fault, const Materials& materials);

/// Pairs that are measured at a time, and at most in all.
inline constexpr int kPairs = 10;
inline constexpr int kMostPairs = 160;

}  // namespace isoframe::harness::selftest
