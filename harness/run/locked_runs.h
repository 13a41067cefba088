#pragma once
// Runs cases again, step by step from their baselines' latents, where only that can judge them.

#include <vector>

#include "harness/run/run_directory.h"
#include "harness/run/run_options.h"
#include "harness/scenario/case.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

/// The case computed in float32.
scenario::Case in_float32(scenario::Case spec);

/// Runs every measured case that a locked run judges, and for all cases of a baseline once that baseline, and
/// once more in float32.  What an earlier call has kept from the same latents is left as it is.  A run that
/// fails is the case's error.
void run_locked(const std::vector<scenario::Case>& cases, const reports::records::SuiteRecord& suite,
                const RunDirectory& directory, const RunOptions& options);

}  // namespace isoframe::harness::run
