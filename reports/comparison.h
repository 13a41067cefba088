#pragma once
// What `isoframe compare` found, for people.  `result` is compare.json.

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace isoframe::reports {

/// "identical in every float", "equal after 8 bits", or how and where the two differ.  One line.
std::string comparison_verdict(const nlohmann::json& result);

/// A table of the metrics, and the verdict as the last line.
std::string comparison_summary(const nlohmann::json& result);

/// report.md: the verdict, the table, the pictures.
std::string comparison_markdown(const nlohmann::json& result);

}  // namespace isoframe::reports
