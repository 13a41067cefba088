#pragma once
// The table of cases: its columns are the published table's, and one row of kCaseColumns each.

#include <span>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "reports/text.h"

namespace isoframe::reports {

struct CaseColumn {
  const char* title;
  Align align;
  bool code;     ///< a name or a layout, not prose
  bool compact;  ///< shown on a terminal too
  /// `record` is an element of run.json's `cases`.
  std::string (*cell)(const nlohmann::json& record);
};

std::span<const CaseColumn> case_columns();

/// "5 of 7 cases passed: 1 failed, 1 skipped", led by "interrupted, " after Ctrl-C.
std::string verdict_sentence(const nlohmann::json& run);

/// Whether the case has another verdict than `passed`.
bool is_not_passed(const nlohmann::json& record);

}  // namespace isoframe::reports
