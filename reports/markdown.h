#pragma once
// report.md: a run as a pull request shows it.

#include <cstddef>
#include <limits>
#include <string>

#include "reports/records/run_record.h"

namespace isoframe::reports {

/// Characters that GitHub takes as a comment.
inline constexpr std::size_t kCommentLimit = 65'536;

/// The run as Markdown, its verdict on the first line.  What was not measured is left out or "-".  A text
/// that would have more than `most` bytes, which are no fewer than its characters, lacks the sections that
/// decide least, and says which; the table of cases and the reasons end before they are whole only if nothing
/// else is left, cases that did not pass first.  `most` is at least 1000.
std::string markdown_report(const records::RunRecord& run,
                            std::size_t most = std::numeric_limits<std::size_t>::max());

}  // namespace isoframe::reports
