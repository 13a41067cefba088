#pragma once
// A suite from start to reports: rounds interleaved over cases, each measured, all judged, everything kept on
// disk.

#include <filesystem>

#include "harness/run/run_options.h"
#include "harness/scenario/suite.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

/// Runs a suite, judges it, writes the run directory and returns run.json's content.  Throws InputError
/// before anything is loaded when a case asks for what its checkpoint cannot do or the run directory is in
/// use.
reports::records::RunRecord run_suite(scenario::Suite suite, const RunOptions& options);

/// Judges again what `directory` holds and writes its reports.  Throws InputError when it is no run
/// directory.
reports::records::RunRecord report_run(const std::filesystem::path& directory,
                                       const std::filesystem::path& against);

/// 0 all passed (or skipped), 1 a failed or untrusted case, 3 an error or an interruption.
int exit_code_of(const reports::records::RunRecord& run);

}  // namespace isoframe::harness::run
