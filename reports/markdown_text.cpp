#include "reports/markdown_text.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace isoframe::reports {

namespace {

std::size_t longest_run_of_backticks(std::string_view text) {
  std::size_t longest = 0, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

std::string table_row(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) {
    row += ' ';
    for (const char c : cell) {
      if (c == '|') row += '\\';
      row += c;
    }
    row += " |";
  }
  return row + "\n";
}

}  // namespace

std::string escape_markdown(std::string_view text) {
  const std::string line = one_line(text);
  std::string result;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    switch (c) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '@':
      case '#':
        // GitHub links mentions and issues after rendering, so a backslash would not stop it.
        result += c;
        if (i + 1 < line.size() && std::isalnum(static_cast<unsigned char>(line[i + 1])))
          result += "<!-- -->";
        break;
      default:
        if (std::string_view("\\`*_[]~!$").find(c) != std::string_view::npos) result += '\\';
        result += c;
    }
  }
  return result;
}

std::string code_span(std::string_view text) {
  const std::string line = one_line(text);
  if (line.empty()) return {};
  const std::string fence(longest_run_of_backticks(line) + 1, '`');
  // Spaces inside the fence are stripped by the renderer; they are needed where a backtick touches it.
  const char* space = line.front() == '`' || line.back() == '`' ? " " : "";
  return fence + space + line + space + fence;
}

std::string code_block(std::string_view text) {
  const std::string fence(std::max<std::size_t>(3, longest_run_of_backticks(text) + 1), '`');
  return fmt::format("{}\n{}\n{}\n", fence, text, fence);
}

std::string markdown_table(const std::vector<TableColumn>& columns, const TableRows& rows) {
  std::vector<std::string> titles, rules;
  for (const TableColumn& column : columns) {
    titles.push_back(column.title);
    rules.push_back(column.align == Align::kRight ? "---:" : "---");
  }
  std::string table = table_row(titles) + table_row(rules);
  for (const std::vector<std::string>& row : rows) table += table_row(row);
  return table;
}

}  // namespace isoframe::reports
