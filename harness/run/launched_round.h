#pragma once
// A round whose ranks an existing launcher starts.  They meet, report and fail through files in the round's
// folder, the only thing that every machine can reach.

#include <filesystem>

#include "harness/launch/local.h"
#include "harness/run/round_result.h"
#include "harness/scenario/case.h"

namespace isoframe::harness::run {

/// Continues run_round() once the job file is written.  `local` is the job as local ranks would have it; what
/// differs for a launcher is replaced.
RoundResult run_launched(const scenario::Case& spec, const std::filesystem::path& directory,
                         launch::LocalJob local);

}  // namespace isoframe::harness::run
