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
  std::vector<CaseColumn> columns;
  std::vector<int> widths;
  for (const CaseColumn& column : case_columns()) {
    if (!column.compact) continue;
    int width = display_width(column.title);
    for (const json& record : run.at("cases")) width = std::max(width, display_width(column.cell(record)));
    columns.push_back(column);
    widths.push_back(width);
  }
  const auto line = [&](auto cell) {
    std::string text;
    for (std::size_t i = 0; i < columns.size(); ++i)
      text += (i == 0 ? "" : "  ") + padded(cell(columns[i]), widths[i], columns[i].align);
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
  };
  std::string text = line([](const CaseColumn& column) { return std::string(column.title); });
  for (const json& record : run.at("cases"))
    text += line([&](const CaseColumn& column) { return column.cell(record); });
  return text;
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
