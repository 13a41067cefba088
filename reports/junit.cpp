#include "reports/junit.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reports/format.h"
#include "reports/text.h"

namespace isoframe::reports {

namespace {

using nlohmann::json;

/// For attributes and content alike.
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

/// The element that tells a verdict other than `passed`; empty for `passed`.
std::string element_of(const std::string& verdict) {
  if (verdict == "passed") return {};
  if (verdict == "failed" || verdict == "untrusted") return "failure";
  if (verdict == "skipped") return "skipped";
  return "error";
}

std::string outcome(const json& record) {
  const std::string verdict = text(record, "verdict");
  const std::string element = element_of(verdict);
  if (element.empty()) return {};
  const std::string message = fmt::format("{}: {}", verdict, text(record, "reason"));
  if (element == "skipped") return fmt::format("    <skipped message=\"{}\"/>\n", xml(message));
  return fmt::format("    <{} type=\"{}\" message=\"{}\">again: {}</{}>\n", element, xml(verdict),
                     xml(message), xml(text(record, "command")), element);
}

std::string test_case(const json& record) {
  const std::string task = text(record, "task");
  const std::string opening = fmt::format("  <testcase classname=\"isoframe{}\" name=\"{}\" time=\"{:.6f}\"",
                                          task.empty() ? "" : "." + xml(task), xml(text(record, "name")),
                                          number(record, "seconds").value_or(0));
  const std::string body = outcome(record);
  return body.empty() ? opening + "/>\n" : opening + ">\n" + body + "  </testcase>\n";
}

}  // namespace

std::string junit_report(const json& run) {
  int failures = 0, errors = 0, skipped = 0;
  double seconds = 0.0;
  std::string cases;
  for (const json& record : run.at("cases")) {
    const std::string element = element_of(text(record, "verdict"));
    failures += element == "failure" ? 1 : 0;
    errors += element == "error" ? 1 : 0;
    skipped += element == "skipped" ? 1 : 0;
    seconds += number(record, "seconds").value_or(0.0);
    cases += test_case(record);
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"isoframe\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
      "time=\"{:.6f}\" "
      "timestamp=\"{}\">\n{}</testsuite>\n",
      run.at("cases").size(), failures, errors, skipped, seconds, xml(text(run, "started")), cases);
}

}  // namespace isoframe::reports
