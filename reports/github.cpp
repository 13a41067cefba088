#include "reports/github.h"

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "reports/case_table.h"
#include "reports/markdown.h"
#include "reports/remarks.h"
#include "reports/text.h"

namespace isoframe::reports {

namespace {

/// Escapes a value as GitHub's own toolkit does; in a property a colon or comma would end it.
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

/// Lines of one kind, with the last that GitHub would show naming the others.
std::string annotations(const std::vector<std::string>& lines, std::string_view kind) {
  constexpr std::size_t kShown = 10;
  std::string result;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i + 1 == kShown && lines.size() > kShown)
      return result +
             fmt::format("::{} title=isoframe::{} more; report.md has them all\n", kind, lines.size() - i);
    result += lines[i];
  }
  return result;
}

/// Appends to the step's summary; returns why it could not, or an empty string.
std::string append_summary(const std::filesystem::path& file, const records::RunRecord& run) {
  constexpr std::size_t kFewest = 1000;  // bytes in which a report says anything
  std::error_code is_new;
  const std::uintmax_t there = std::filesystem::file_size(file, is_new);
  const std::size_t used = is_new ? 0 : static_cast<std::size_t>(there);
  if (used + kFewest > kSummaryLimit) return fmt::format("has {} bytes of at most {}", used, kSummaryLimit);
  errno = 0;
  std::ofstream stream(file, std::ios::app);
  stream << markdown_report(run, kSummaryLimit - used) << std::flush;
  return stream ? std::string() : fmt::format("cannot be written: {}", std::strerror(errno));
}

}  // namespace

std::string github_annotations(const records::RunRecord& run) {
  std::vector<std::string> errors, warnings;
  for (const records::CaseRow& row : run.cases) {
    if (!is_not_passed(row) || row.verdict == records::Verdict::kSkipped) continue;
    errors.push_back(fmt::format("::error title=isoframe {}::{}: {}\n", escaped(one_line(row.name), true),
                                 name_of(row.verdict), escaped(one_line(row.reason), false)));
  }
  for (const RemarkKind& kind : remark_kinds()) {
    for (const Remark& remark : remarks(kind, run))
      warnings.push_back(fmt::format("::warning title=isoframe::{}: {}\n",
                                     escaped(cases_of(remark, run), false),
                                     escaped(one_line(remark.text), false)));
  }
  return annotations(errors, "error") + annotations(warnings, "warning");
}

void tell_github(const records::RunRecord& run) {
  const char* actions = std::getenv("GITHUB_ACTIONS");
  if (actions != nullptr && std::string_view(actions) == "true") std::cerr << github_annotations(run);
  const char* summary = std::getenv("GITHUB_STEP_SUMMARY");
  if (summary == nullptr || *summary == '\0') return;
  if (const std::string why = append_summary(summary, run); !why.empty())
    std::cerr << fmt::format("warning: the step summary {} {}\n", summary, why);
}

}  // namespace isoframe::reports
