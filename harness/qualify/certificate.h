#pragma once
// Turns the evidence of repetitions into a verdict: is this machine fit?

#include <string>
#include <vector>

#include "harness/qualify/ballot.h"
#include "reports/records/certificate_record.h"
#include "reports/records/qualify_evidence.h"

namespace isoframe::harness::qualify {

/// A rank or link is slow if its best rate is below this fraction of the best of its kind.  Best rates are
/// compared because another load can only lower a rate.
inline constexpr double kSlowRank = 0.8;
inline constexpr double kSlowLink = 0.5;
/// The largest allowed ratio of the last third's times to the first's.
inline constexpr double kSteady = 1.10;
/// The fewest repetitions whose thirds are compared.
inline constexpr int kFewestForSteadiness = 9;
/// The fewest repetitions among which there can be a majority, and the fewest undisturbed ones whose rates
/// are judged.
inline constexpr int kFewestRepetitions = 3;

/// The result of counting all ballots.
struct Count {
  std::size_t votes = 0;  ///< fingerprints compared
  Deviations deviations;
  std::vector<Undecided> undecided;
};

/// The number of undisturbed repetitions that rates and drift are judged by, where all that were made should
/// have been undisturbed.
int undisturbed_needed(const reports::records::Evidence& evidence);

/// True if the time asked for is over and there can be a majority.
bool is_over(const reports::records::Evidence& evidence);

/// Judges the evidence: unfit with reasons as soon as there is one; unfinished until is_over();
/// disturbed if too few repetitions were undisturbed to judge rates; else fit.  Leaves open what qualify()
/// knows: the end, environment, command, scenarios, and whether it was interrupted.
reports::records::Certificate certify(const reports::records::Evidence& evidence, const Count& count);

}  // namespace isoframe::harness::qualify
