#include "reports/console.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reports/case_table.h"
#include "reports/format.h"
#include "reports/published.h"

namespace isoframe::reports {

namespace {

using nlohmann::json;

std::string table(const json& run) {
  std::vector<TableColumn> columns;
  TableRows rows(run.at("cases").size());
  for (const CaseColumn& column : case_columns()) {
    if (!column.compact) continue;
    columns.push_back({column.title, column.align});
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].push_back(column.cell(run.at("cases")[i]));
  }
  return text_table(columns, rows);
}

std::string label_of(const std::string& verdict) {
  if (verdict == "failed") return "FAIL";
  std::string label = verdict;
  std::transform(label.begin(), label.end(), label.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return label;
}

std::string block(const json& record) {
  const std::string verdict = text(record, "verdict"), label = label_of(verdict);
  const std::string reason = text(record, "reason"), command = text(record, "command");
  std::string result = fmt::format("{} {}  {}\n", label, text(record, "name"),
                                   reason.empty() ? "no reason was recorded" : reason);
  const auto divergence = record.find("first_divergence");
  if (divergence != record.end() && divergence->is_object())
    result += fmt::format("{} first difference: {}\n", std::string(label.size(), ' '),
                          text(*divergence, "sentence"));
  // What was skipped on purpose would be skipped again.
  if (verdict != "skipped" && !command.empty())
    result += fmt::format("{} again: {}\n", std::string(label.size(), ' '), command);
  return result;
}

}  // namespace

std::string console_summary(const json& run) {
  std::string blocks;
  for (const json& record : run.at("cases"))
    if (is_not_passed(record)) blocks += block(record);
  const std::string published = published_text(run);
  return fmt::format("{}\n{}{}{}{}{}\n", table(run), published, published.empty() ? "" : "\n", blocks,
                     blocks.empty() ? "" : "\n", verdict_sentence(run));
}

}  // namespace isoframe::reports
