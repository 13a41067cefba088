#pragma once
// GitHub-flavoured Markdown from text of any kind.

#include <string>
#include <string_view>
#include <vector>

#include "reports/text.h"

namespace isoframe::reports {

/// One line that is shown as `text` is: no markup, HTML, mention (@) or issue link (#) comes out of it.
std::string escape_markdown(std::string_view text);

/// A code span of one line, or an empty string for empty text.
std::string code_span(std::string_view text);

/// A fenced block that no line of `text` can close.
std::string code_block(std::string_view text);

/// A table whose cells are Markdown already; only the pipes in them are escaped.
std::string markdown_table(const std::vector<TableColumn>& columns, const TableRows& rows);

}  // namespace isoframe::reports
