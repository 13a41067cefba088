#pragma once
// The files of reports/templates, and Chart.js, inside the program.

#include <string_view>

namespace isoframe::reports::templates {

extern const std::string_view kHtml;
extern const std::string_view kCss;
extern const std::string_view kJs;       ///< page.js, charts.js, report.js
extern const std::string_view kChartJs;  ///< with its licence notice

}  // namespace isoframe::reports::templates
