#pragma once
// The result of `isoframe compare`, for people.

#include <string>

#include "reports/records/metrics.h"

namespace isoframe::reports {

/// The verdict on one line: "identical in every float", "equal after 8 bits", or how and where the two
/// differ.
std::string comparison_verdict(const records::ComparisonRecord& result);

/// A table of the metrics, and the verdict as the last line.
std::string comparison_summary(const records::ComparisonRecord& result);

/// report.md: the verdict, the table, the pictures.
std::string comparison_markdown(const records::ComparisonRecord& result);

}  // namespace isoframe::reports
