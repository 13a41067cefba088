#pragma once
// From a measured run directory to verdicts, run.json and reports.

#include "harness/run/run_directory.h"
#include "harness/run/run_options.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

/// Compares and judges every case, and writes result.json, run.json and all reports into the run directory.
/// Reads `against`, `required`, `locate` and `interrupted` of the options.
reports::records::RunRecord judge_run(const reports::records::SuiteRecord& suite,
                                      const RunDirectory& directory, const RunOptions& options);

}  // namespace isoframe::harness::run
