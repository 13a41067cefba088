#include "reports/github.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reports/case_table.h"
#include "reports/format.h"
#include "reports/markdown.h"

namespace isoframe::reports {

namespace {

/// As GitHub's own toolkit escapes a value; in a property a colon or comma would end it.
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

std::string github_annotations(const nlohmann::json& run) {
  std::string lines;
  for (const nlohmann::json& record : run.at("cases")) {
    const std::string verdict = text(record, "verdict");
    if (!is_not_passed(record) || verdict == "skipped") continue;
    lines += fmt::format("::error title=isoframe {}::{}: {}\n", escaped(text(record, "name"), true), verdict,
                         escaped(text(record, "reason"), false));
  }
  return lines;
}

void tell_github(const nlohmann::json& run) {
  const char* actions = std::getenv("GITHUB_ACTIONS");
  if (actions != nullptr && std::string_view(actions) == "true") std::cerr << github_annotations(run);
  const char* summary = std::getenv("GITHUB_STEP_SUMMARY");
  if (summary != nullptr && *summary != '\0') std::ofstream(summary, std::ios::app) << markdown_report(run);
}

}  // namespace isoframe::reports
