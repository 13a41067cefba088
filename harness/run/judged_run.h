#pragma once
// From a measured run directory to verdicts, run.json and reports.

#include <map>
#include <string>

#include "harness/run/run_directory.h"
#include "harness/run/run_options.h"
#include "reports/records/case_result.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

/// Why cases failed, by their names.
using Failures = std::map<std::string, reports::records::Failure>;

/// Compares and judges every case, and writes result.json, run.json and all reports into the run directory.
/// Reads `against`, `required`, `locate` and `interrupted` of the options.  `unkept` are failures
/// that the run directory does not know, as it could not be written to.
reports::records::RunRecord judge_run(const reports::records::SuiteRecord& suite,
                                      const RunDirectory& directory, const RunOptions& options,
                                      const Failures& unkept = {});

}  // namespace isoframe::harness::run
