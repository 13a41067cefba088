#pragma once
// Figures that others published, beside those of the cases that name them.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace isoframe::reports {

/// One line a case of run.json that stands beside a published row, under the titles; empty without any.
struct PublishedTable {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;
  std::string source;
  /// What the two sides of the table do not share, a sentence each.
  std::vector<std::string> differences;
};
PublishedTable published_table(const nlohmann::json& run);

/// The same for a terminal; empty without any.
std::string published_text(const nlohmann::json& run);

}  // namespace isoframe::reports
