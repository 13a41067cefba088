#pragma once
// Runs a suite from start to reports: rounds interleaved over cases, each measured, all judged, everything
// kept on disk.

#include <filesystem>

#include "harness/run/run_options.h"
#include "harness/scenario/suite.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

/// Runs a suite, judges it, writes the run directory and returns run.json's content.  Where `out` is a
/// default name that is taken, it becomes the next free one.  Throws InputError before anything is loaded
/// when a case asks for what its checkpoint cannot do or the run directory is in use.
reports::records::RunRecord run_suite(scenario::Suite suite, RunOptions& options);

/// Judges the measurements in `directory` again and writes its reports, into `out` if that is not empty.
/// Throws InputError if it is no run directory.  Reads `against`, `required` and `out` of the options.
reports::records::RunRecord report_run(const std::filesystem::path& directory, RunOptions options);

/// Returns 0 if cases passed and none did worse, 1 for a failed or untrusted case, or if nothing was judged
/// unless `allow_skipped`, 3 for an error, an interruption, or a result that could not be written.
int exit_code_of(const reports::records::RunRecord& run, bool allow_skipped);

}  // namespace isoframe::harness::run
