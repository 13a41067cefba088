#pragma once
// A round whose ranks an existing launcher starts.  They meet, report and fail through files in the round's
// folder: nothing else reaches from every machine.

#include "harness/launch/local.h"
#include "harness/run/round.h"

namespace isoframe::harness::run {

/// As run_round(), whose caller has written the job file.  `local` is the job of the launcher itself but for
/// what is the launcher's own.
RoundResult run_launched(const scenario::Case& spec, const std::filesystem::path& directory,
                         launch::LocalJob local);

}  // namespace isoframe::harness::run
