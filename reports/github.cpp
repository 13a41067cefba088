#include "reports/github.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string_view>

#include <fmt/format.h>

#include "reports/case_table.h"
#include "reports/markdown.h"
#include "reports/remarks.h"
#include "reports/text.h"

namespace isoframe::reports {

namespace {

/// Escapes a value as GitHub's own toolkit does; in a property a colon or comma would end it.
std::string escaped(const std::string& text, bool property) {
  std::string result;
  for (const char c : text) {
    if (c == '%' || (property && (c == ':' || c == ','))) {
      result += fmt::format("%{:02X}", static_cast<int>(c));
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace

std::string github_annotations(const records::RunRecord& run) {
  std::string lines;
  for (const records::CaseRow& row : run.cases) {
    if (!is_not_passed(row) || row.verdict == records::Verdict::kSkipped) continue;
    lines += fmt::format("::error title=isoframe {}::{}: {}\n", escaped(one_line(row.name), true),
                         name_of(row.verdict), escaped(one_line(row.reason), false));
  }
  for (const RemarkKind& kind : remark_kinds()) {
    for (const Remark& remark : remarks(kind, run))
      lines += fmt::format("::warning title=isoframe::{}: {}\n", escaped(cases_of(remark, run), false),
                           escaped(one_line(remark.text), false));
  }
  return lines;
}

void tell_github(const records::RunRecord& run) {
  const char* actions = std::getenv("GITHUB_ACTIONS");
  if (actions != nullptr && std::string_view(actions) == "true") std::cerr << github_annotations(run);
  const char* summary = std::getenv("GITHUB_STEP_SUMMARY");
  if (summary != nullptr && *summary != '\0') std::ofstream(summary, std::ios::app) << markdown_report(run);
}

}  // namespace isoframe::reports
