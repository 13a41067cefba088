#pragma once
// The end of a run on a terminal.

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace isoframe::reports {

/// `run` is run.json.  An aligned table, a block for each case that is not passed (why, and the command that
/// repeats it), and the verdict as the last line.  No colours: it may go into a file.
std::string console_summary(const nlohmann::json& run);

}  // namespace isoframe::reports
