#pragma once
// report.md: a run as a pull request shows it.

#include <string>

#include "reports/records/run_record.h"

namespace isoframe::reports {

/// The run as Markdown, its verdict on the first line.  What was not measured is left out or "-".
std::string markdown_report(const records::RunRecord& run);

}  // namespace isoframe::reports
