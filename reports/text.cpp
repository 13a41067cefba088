#include "reports/text.h"

#include <algorithm>

#include <utf8proc.h>

#include "base/text.h"

namespace isoframe::reports {

namespace {

constexpr utf8proc_int32_t kReplacement = 0xFFFD;

/// Calls visit(code point) for each code point; a byte that belongs to none is visited as "\xe9".
template <typename Visit>
void for_each_code_point(std::string_view text, Visit visit) {
  while (!text.empty()) {
    utf8proc_int32_t code_point = 0;
    const utf8proc_ssize_t length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                     static_cast<utf8proc_ssize_t>(text.size()), &code_point);
    if (length > 0) {
      visit(code_point);
    } else {
      for (const char c : base::text_of_bytes(text.substr(0, 1))) visit(c);
    }
    text.remove_prefix(length > 0 ? static_cast<std::size_t>(length) : 1);
  }
}

void append(std::string& text, utf8proc_int32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t length = utf8proc_encode_char(code_point, bytes);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
}

bool is_break(utf8proc_int32_t code_point) {
  const utf8proc_category_t category = utf8proc_category(code_point);
  return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line;
  bool pending_space = false;
  for_each_code_point(text, [&](utf8proc_int32_t code_point) {
    if (is_break(code_point)) {
      pending_space = !line.empty();
      return;
    }
    if (pending_space && code_point != ' ' && line.back() != ' ') line.push_back(' ');
    pending_space = false;
    // Noncharacters are valid UTF-8 but not valid XML.
    append(line, code_point == 0xFFFE || code_point == 0xFFFF ? kReplacement : code_point);
  });
  return line;
}

int display_width(std::string_view text) {
  int width = 0;
  for_each_code_point(text, [&](utf8proc_int32_t code_point) { width += utf8proc_charwidth(code_point); });
  return width;
}

std::string padded(std::string_view text, int width, Align align) {
  const std::string fill(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ');
  return align == Align::kLeft ? std::string(text) + fill : fill + std::string(text);
}

std::string text_table(const std::vector<TableColumn>& columns, const TableRows& rows) {
  std::vector<std::string> titles;
  for (const TableColumn& column : columns) titles.push_back(column.title);
  std::vector<int> widths(columns.size(), 0);
  const auto widen = [&](const std::vector<std::string>& line) {
    for (std::size_t i = 0; i < columns.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  };
  widen(titles);
  for (const auto& row : rows) widen(row);

  std::string text;
  const auto add = [&](const std::vector<std::string>& line) {
    for (std::size_t i = 0; i < columns.size(); ++i)
      text += (i == 0 ? "" : "  ") + padded(line[i], widths[i], columns[i].align);
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  };
  add(titles);
  for (const auto& row : rows) add(row);
  return text;
}

}  // namespace isoframe::reports
