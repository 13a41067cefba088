#pragma once
// Adds what a repetition has shown to the evidence.

#include <optional>
#include <string>
#include <vector>

#include "reports/records/qualify_evidence.h"
#include "reports/records/rank.h"

namespace isoframe::harness::qualify {

/// The failed rounds of a case that are kept with their logs.
inline constexpr std::size_t kMostErrors = 16;
/// The results of the fixed product that are told apart on each rank.
inline constexpr std::size_t kMostProducts = 16;

/// A whole repetition.  Its times and rates wait for its end, because only then is it known if something
/// else ran beside it.
struct Repetition {
  std::vector<std::optional<double>> seconds;            ///< by case; unset for one that failed
  std::vector<reports::records::MachineRates> rates;     ///< by rank; empty if the trial failed
  std::vector<reports::records::HostLoad> harness = {};  ///< of this machine from its begin to its end
};

void add(reports::records::Evidence& evidence, const Repetition& repetition);

/// Counts a failed round of the case, and keeps it if there is room.  Returns true if it was kept.
bool add(reports::records::CaseEvidence& evidence, reports::records::RepetitionFailure failure);

}  // namespace isoframe::harness::qualify
