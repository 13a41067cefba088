#pragma once
// Published figures beside those of the cases that name them.

#include <string>
#include <vector>

#include "reports/records/run_record.h"

namespace isoframe::reports {

/// A row for each case that stands beside a published row, under the titles; empty without any.
struct PublishedTable {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;
  std::string source;
  /// Sentences, each of which names something that the two sides of the table do not share.
  std::vector<std::string> differences;
};
PublishedTable published_table(const records::RunRecord& run);

/// The table for a terminal; empty without any row.
std::string published_text(const records::RunRecord& run);

}  // namespace isoframe::reports
