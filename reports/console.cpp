#include "reports/console.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include <fmt/format.h>

#include "reports/case_table.h"
#include "reports/published.h"
#include "reports/remarks.h"

namespace isoframe::reports {

namespace {

using records::CaseRow;
using records::Verdict;

std::string table(const records::RunRecord& run) {
  std::vector<TableColumn> columns;
  TableRows rows(run.cases.size());
  for (const CaseColumn& column : case_columns(run)) {
    if (!column.compact) continue;
    columns.push_back({column.title, column.align});
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].push_back(column.cell(run.cases[i]));
  }
  return text_table(columns, rows);
}

std::string label_of(Verdict verdict) {
  if (verdict == Verdict::kFailed) return "FAIL";
  std::string label = name_of(verdict);
  std::transform(label.begin(), label.end(), label.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return label;
}

std::string block(const CaseRow& row) {
  const std::string label = label_of(row.verdict);
  const std::string reason = one_line(row.reason), command = one_line(row.command);
  std::string result = fmt::format("{} {}  {}\n", label, one_line(row.name),
                                   reason.empty() ? "no reason was recorded" : reason);
  if (row.first_divergence)
    result += fmt::format("{} first difference: {}\n", std::string(label.size(), ' '),
                          one_line(row.first_divergence->sentence));
  if (row.first_divergence)
    for (const records::DivergenceBehind& one : row.first_divergence->behind)
      result += fmt::format("{} behind it: {}\n", std::string(label.size(), ' '), one_line(one.sentence));
  // No command for a skipped case: it would be skipped again.
  if (row.verdict != Verdict::kSkipped && !command.empty())
    result += fmt::format("{} again: {}\n", std::string(label.size(), ' '), command);
  return result;
}

}  // namespace

std::string console_summary(const records::RunRecord& run) {
  std::string blocks;
  for (const CaseRow& row : run.cases)
    if (is_not_passed(row)) blocks += block(row);
  for (const RemarkKind& kind : remark_kinds())
    for (const Remark& remark : remarks(kind, run))
      blocks += fmt::format("{} {}: {}\n", kind.label, cases_of(remark, run), one_line(remark.text));
  const std::string published = published_text(run);
  return fmt::format("{}\n{}{}{}{}{}\n", table(run), published, published.empty() ? "" : "\n", blocks,
                     blocks.empty() ? "" : "\n", verdict_sentence(run));
}

}  // namespace isoframe::reports
