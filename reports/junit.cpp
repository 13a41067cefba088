#include "reports/junit.h"

#include <fmt/format.h>

#include "reports/remarks.h"
#include "reports/text.h"

namespace isoframe::reports {

namespace {

using records::CaseRow;
using records::Verdict;

/// Escapes text for attributes and content alike.
std::string xml(const std::string& text) {
  std::string result;
  for (const char c : one_line(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

/// The element of a verdict; empty for `passed`.
std::string element_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return {};
    case Verdict::kFailed:
    case Verdict::kUntrusted:
      return "failure";
    case Verdict::kSkipped:
      return "skipped";
    case Verdict::kError:
      break;
  }
  return "error";
}

std::string outcome(const CaseRow& row) {
  const std::string verdict = name_of(row.verdict), element = element_of(row.verdict);
  if (element.empty()) return {};
  const std::string message = fmt::format("{}: {}", verdict, row.reason);
  if (element == "skipped") return fmt::format("    <skipped message=\"{}\"/>\n", xml(message));
  return fmt::format("    <{} type=\"{}\" message=\"{}\">again: {}</{}>\n", element, xml(verdict),
                     xml(message), xml(row.command), element);
}

/// Sentences on what the verdict does not cover, warnings and notes: nothing that a JUnit reader counts.
std::string system_out(const CaseRow& row) {
  std::string lines;
  for (const std::string& sentence : not_judged(row)) lines += xml(sentence) + "\n";
  for (const records::Warning& warning : row.warnings) lines += "warning: " + xml(warning.message) + "\n";
  for (const std::string& note : row.notes) lines += xml(note) + "\n";
  return lines.empty() ? "" : fmt::format("    <system-out>{}</system-out>\n", lines);
}

std::string test_case(const CaseRow& row) {
  const std::string opening =
      fmt::format("  <testcase classname=\"isoframe{}\" name=\"{}\" time=\"{:.6f}\"",
                  row.task.empty() ? "" : "." + xml(row.task), xml(row.name), row.seconds.value_or(0.0));
  const std::string body = outcome(row) + system_out(row);
  return body.empty() ? opening + "/>\n" : opening + ">\n" + body + "  </testcase>\n";
}

}  // namespace

std::string junit_report(const records::RunRecord& run) {
  int failures = 0, errors = 0, skipped = 0;
  double seconds = 0.0;
  std::string cases;
  for (const CaseRow& row : run.cases) {
    const std::string element = element_of(row.verdict);
    failures += element == "failure" ? 1 : 0;
    errors += element == "error" ? 1 : 0;
    skipped += element == "skipped" ? 1 : 0;
    seconds += row.seconds.value_or(0.0);
    cases += test_case(row);
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"isoframe\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
      "time=\"{:.6f}\" "
      "timestamp=\"{}\">\n{}</testsuite>\n",
      run.cases.size(), failures, errors, skipped, seconds, xml(run.started), cases);
}

}  // namespace isoframe::reports
