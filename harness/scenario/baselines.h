#pragma once
// The rules between a case and its baseline.

#include <vector>

#include "harness/scenario/case.h"
#include "harness/scenario/expand.h"

namespace isoframe::harness::scenario {

/// Checks the cases of one file; `drafts` and `cases` belong together entry by entry.  Every named baseline
/// must exist, have none itself, and agree in everything that decides the frames.  A case is skipped if its
/// baseline is.
void check_baselines(const std::vector<Draft>& drafts, std::vector<Case>& cases);

/// Skips the cases whose baseline, one of `cases` too, is skipped.
void skip_with_baselines(std::vector<Case>& cases);

}  // namespace isoframe::harness::scenario
