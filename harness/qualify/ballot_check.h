#pragma once
// Tells a ballot with all votes of the rounds that were measured from one that lacks some.

#include <cstddef>
#include <string>
#include <vector>

#include "reports/records/qualify_evidence.h"

namespace isoframe::harness::qualify {

/// A case as far as its number of votes goes.
struct CountedCase {
  std::string name;
  int ranks = 1;
  std::size_t fewest_rounds = 0;  ///< measured, at least
  int next_repetition = 0;
};

/// Throws InputError naming the field, which begins with `field`, unless every rank of the ballot's cases has
/// cast a vote in each of its rounds at each of its places.  A Ballot can be made of the record.
void check_ballot(const std::string& field, const reports::records::BallotRecord& ballot,
                  const std::vector<CountedCase>& cases);

}  // namespace isoframe::harness::qualify
