#pragma once
// The files of reports/templates, inside the program.

#include <string_view>

namespace isoframe::reports::templates {

extern const std::string_view kHtml;
extern const std::string_view kCss;
extern const std::string_view kJs;

}  // namespace isoframe::reports::templates
