#pragma once
// Text of unknown origin (prompts, last words of a rank) made safe to print.

#include <string>
#include <string_view>
#include <vector>

namespace isoframe::reports {

/// Returns one line of valid UTF-8: runs of control characters and newlines become a space, broken bytes
/// U+FFFD.
std::string one_line(std::string_view text);

/// The number of columns that a text takes on a terminal; East Asian wide characters take two.
int display_width(std::string_view text);

enum class Align { kLeft, kRight };

/// The text filled with spaces to `width` columns; longer text is returned whole.
std::string padded(std::string_view text, int width, Align align);

struct TableColumn {
  std::string title;
  Align align = Align::kLeft;
};
using TableRows = std::vector<std::vector<std::string>>;

/// A table for a terminal: a line of titles, a line a row, columns two spaces apart.
std::string text_table(const std::vector<TableColumn>& columns, const TableRows& rows);

}  // namespace isoframe::reports
