#pragma once
// What GitHub Actions shows of a run beside its log.

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace isoframe::reports {

/// Workflow commands: "::error title=isoframe NAME::REASON", a line a case that is failed, untrusted or in
/// error.  No text can start another command.
std::string github_annotations(const nlohmann::json& run);

/// Where GITHUB_ACTIONS is "true": the annotations on stderr.  Where GITHUB_STEP_SUMMARY names a file:
/// report.md's text at its end.  A summary that cannot be written is not worth a failed run.
void tell_github(const nlohmann::json& run);

}  // namespace isoframe::reports
