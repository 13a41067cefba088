#pragma once
// report.md: what a pull request needs to show.

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace isoframe::reports {

/// `run` is run.json (harness/store/README.md); what is absent there is left out or "-".  The first line is
/// the verdict.
std::string markdown_report(const nlohmann::json& run);

}  // namespace isoframe::reports
