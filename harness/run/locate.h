#pragma once
// Runs a case and its baseline again, looking at every probe point, and names the first that differs.

#include <filesystem>

#include "harness/run/round.h"
#include "harness/scenario/case.h"
#include "reports/records/divergence.h"

namespace isoframe::harness::run {

/// Finds the first divergence in three runs: the case, each rank of which leaves fingerprints of its tensors;
/// the baseline, which takes fingerprints of the same parts of its own; and if values differ, both once more
/// for the one tensor.  A difference that does not come again is reported as such, and so is a run that
/// fails.  `directory` is made for what the runs leave, and removed.
reports::records::FirstDivergence locate(const scenario::Case& spec, const scenario::Case& baseline,
                                         double tolerance, const std::filesystem::path& directory,
                                         const RoundContext& context);

}  // namespace isoframe::harness::run
