#pragma once
// Tells evidence that sessions of `isoframe qualify` left from what was cut or changed since.

#include "reports/records/qualify_evidence.h"

namespace isoframe::harness::qualify {

/// Throws InputError naming the field if something is missing that the counted repetitions have left, or if a
/// value is impossible beside the others.  Ballots must be such that a Ballot can be made of them.
void check(const reports::records::Evidence& evidence);

}  // namespace isoframe::harness::qualify
