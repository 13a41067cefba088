#pragma once
// A run as GitHub Actions shows it beside the log.

#include <string>

#include "reports/records/run_record.h"

namespace isoframe::reports {

/// Workflow commands: a line "::error title=isoframe NAME::REASON" for each case that is failed, untrusted or
/// in error.  No text can start another command.
std::string github_annotations(const records::RunRecord& run);

/// Writes the annotations to stderr where GITHUB_ACTIONS is "true", and appends report.md's text to the file
/// that GITHUB_STEP_SUMMARY names.  A summary that cannot be written is not worth a failed run.
void tell_github(const records::RunRecord& run);

}  // namespace isoframe::reports
