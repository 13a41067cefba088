#pragma once
// The end of a run on a terminal.

#include <string>

#include "reports/records/run_record.h"

namespace isoframe::reports {

/// An aligned table, a block for each case that is not passed (why, and the command that repeats it), and the
/// verdict as the last line.  It has no colours, since it may go into a file.
std::string console_summary(const records::RunRecord& run);

}  // namespace isoframe::reports
