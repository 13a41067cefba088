#pragma once
// A run as GitHub Actions shows it beside the log.

#include <cstddef>
#include <string>

#include "reports/records/run_record.h"

namespace isoframe::reports {

/// Bytes that GitHub takes as the summary of one step.
inline constexpr std::size_t kSummaryLimit = 1'048'576;

/// Workflow commands: a line "::error title=isoframe NAME::REASON" for each case that is failed, untrusted or
/// in error, and "::warning" ones for remarks.  GitHub shows ten of a kind a step, so the tenth of more says
/// how many there are.  No text can start another command.
std::string github_annotations(const records::RunRecord& run);

/// Writes the annotations to stderr where GITHUB_ACTIONS is "true", and appends report.md's text to the file
/// that GITHUB_STEP_SUMMARY names, shortened to what a step may still say there.  A summary that cannot be
/// written, or has no room left, is a warning on stderr.
void tell_github(const records::RunRecord& run);

}  // namespace isoframe::reports
