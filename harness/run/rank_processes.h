#pragma once
// The processes that run a case.

#include <filesystem>

#include "harness/launch/local_job.h"
#include "harness/scenario/case.h"

namespace isoframe::harness::run {

/// Command, environment and number of a case's processes, without limits: of isoframe's own ranks, which
/// `program` runs, or of the case's engine.
launch::LocalJob processes_of(const scenario::Case& spec, const std::filesystem::path& program = {});

}  // namespace isoframe::harness::run
