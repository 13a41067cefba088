#pragma once
// Turns the evidence of repetitions into a verdict: is this machine fit?

#include <string>
#include <vector>

#include "harness/qualify/ballot.h"
#include "reports/records/certificate_record.h"
#include "reports/records/rank.h"

namespace isoframe::harness::qualify {

/// A rank or link is slow if its best rate is below this fraction of the best of its kind.  Best rates are
/// compared because another load can only lower a rate.
inline constexpr double kSlowRank = 0.8;
inline constexpr double kSlowLink = 0.5;
/// The largest allowed ratio of the last third's times to the first's.
inline constexpr double kSteady = 1.10;
/// The fewest repetitions whose thirds are compared.
inline constexpr std::size_t kFewestForSteadiness = 9;
/// The fewest repetitions among which there can be a majority.
inline constexpr int kFewestRepetitions = 3;

struct CaseEvidence {
  std::string name;
  std::string layout;
  int ranks = 1;
  std::vector<double> seconds = {};  ///< from prompt to frames, for each repetition that ended well
  std::vector<reports::records::RepetitionFailure> errors = {};
  std::vector<reports::records::Warning> warnings = {};  ///< each once
};

struct Evidence {
  int repetitions = 0;
  bool interrupted = false;
  std::size_t votes = 0;  ///< fingerprints compared
  std::vector<CaseEvidence> cases;
  std::vector<std::vector<reports::records::MachineRates>> rates;  ///< by repetition, then by rank
  std::vector<Deviation> deviations;
  std::vector<Undecided> undecided;
};

/// Judges the evidence: fit, unfit with reasons, or unfinished after an interruption before there was a
/// majority.  Leaves open what qualify() knows: times, command, scenarios and environment.
reports::records::Certificate certify(const Evidence& evidence);

}  // namespace isoframe::harness::qualify
