#pragma once
// The documents of a run directory, from run.json and the cases' folders.

#include <map>
#include <string>
#include <vector>

#include "harness/run/run_directory.h"
#include "harness/run/run_options.h"
#include "harness/scenario/case.h"
#include "reports/records/case_result.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

/// Writes report.md, junit.xml, report.html and trace.json, and under GitHub Actions its summary; each
/// whatever becomes of the others.  What cannot be written is said on stderr: an error for the first two, by
/// which programs and reviewers go, which `run.unwritten` is told too, and a warning for the rest; the one
/// for people that was written is `run.document`.  `results` are the cases' results, by name; the trace holds
/// the `traced` rounds of each case.
void write_reports(reports::records::RunRecord& run, const std::vector<scenario::Case>& cases,
                   const std::map<std::string, reports::records::CaseResult>& results,
                   const RunDirectory& directory, TracedRounds traced);

}  // namespace isoframe::harness::run
