#pragma once
// The table of cases.  Its columns are those of the published table; each is one row of kCaseColumns.

#include <string>
#include <vector>

#include "reports/records/run_record.h"
#include "reports/text.h"

namespace isoframe::reports {

struct CaseColumn {
  const char* title;
  Align align;
  bool code;     ///< holds a name or a layout, not prose
  bool compact;  ///< shown on a terminal too
  std::string (*cell)(const records::CaseRow& row);
};

/// The columns of a run's table: engines are named where there are several.
std::vector<CaseColumn> case_columns(const records::RunRecord& run);

/// The verdict of a run: "5 of 7 cases passed: 1 failed, 1 skipped; not judged: latency of 5 cases", led by
/// "interrupted, " after Ctrl-C.
std::string verdict_sentence(const records::RunRecord& run);

/// Tells whether the case has another verdict than `passed`.
bool is_not_passed(const records::CaseRow& row);

}  // namespace isoframe::reports
