#include "reports/certificate.h"

#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "reports/format.h"
#include "reports/markdown_text.h"
#include "reports/text.h"

namespace isoframe::reports {

namespace {

using records::Certificate;

constexpr double kGiga = 1e9;
constexpr double kMicrosecond = 1e-6;

struct Table {
  std::vector<TableColumn> columns;
  TableRows rows;
};

/// A spread, "12.3 (11.9-12.4)": the median and the range, in units of `unit`.
std::string spread(const std::optional<metrics::Summary>& summary, double unit) {
  if (!summary) return "-";
  return fmt::format("{} ({}-{})", significant(summary->median / unit), significant(summary->min / unit),
                     significant(summary->max / unit));
}

Table cases_of(const Certificate& certificate) {
  Table table{{{"case", Align::kLeft},
               {"layout", Align::kLeft},
               {"ranks", Align::kRight},
               {"time s", Align::kRight},
               {"deviating", Align::kRight},
               {"failed", Align::kRight}},
              {}};
  for (const records::CertifiedCase& row : certificate.cases)
    table.rows.push_back({one_line(row.name), one_line(row.layout), std::to_string(row.ranks),
                          spread(row.seconds, 1.0), std::to_string(row.deviating_repetitions),
                          std::to_string(row.failed_rounds)});
  return table;
}

Table ranks_of(const Certificate& certificate) {
  Table table{{{"rank", Align::kRight},
               {"host", Align::kLeft},
               {"memory GB/s", Align::kRight},
               {"float32 GFLOP/s", Align::kRight},
               {"wrong copies", Align::kRight}},
              {}};
  for (const records::CertifiedRank& row : certificate.ranks)
    table.rows.push_back({std::to_string(row.rank), one_line(row.host),
                          spread(row.memory_bytes_per_second, kGiga), spread(row.flops_per_second, kGiga),
                          std::to_string(row.corrupt_copies)});
  return table;
}

Table links_of(const Certificate& certificate) {
  Table table{{{"link", Align::kLeft},
               {"GB/s", Align::kRight},
               {"latency us", Align::kRight},
               {"wrong messages", Align::kRight}},
              {}};
  for (const records::CertifiedLink& row : certificate.links)
    table.rows.push_back({fmt::format("{}", fmt::join(row.ranks, " - ")), spread(row.bytes_per_second, kGiga),
                          spread(row.latency_seconds, kMicrosecond), std::to_string(row.corrupt)});
  return table;
}

/// A spread of shares, "2 % (0 %-61 %)".
std::string shares(const std::optional<metrics::Summary>& summary) {
  if (!summary) return "-";
  return fmt::format("{} ({}-{})", percent(summary->median), percent(summary->min), percent(summary->max));
}

std::string count_of(const std::optional<std::uint64_t>& count) {
  return count ? std::to_string(*count) : "-";
}

Table hosts_of(const Certificate& certificate) {
  Table table{{{"host", Align::kLeft},
               {"disturbed", Align::kRight},
               {"by others", Align::kRight},
               {"by steal", Align::kRight},
               {"by quota", Align::kRight},
               {"slowed by heat", Align::kRight}},
              {}};
  for (const records::CertifiedHost& row : certificate.hosts)
    table.rows.push_back({one_line(row.host), fmt::format("{} of {}", row.disturbed, row.readings),
                          shares(row.others_share), shares(row.steal_share), shares(row.throttled_share),
                          count_of(row.thermal_throttles)});
  return table;
}

std::string sentence_of(const Certificate& certificate) {
  const int disturbed = certificate.repetitions - certificate.undisturbed;
  return fmt::format(
      "{}: {} repetition{} of {} case{}{}, {} fingerprints compared{}", name_of(certificate.verdict),
      certificate.repetitions, certificate.repetitions == 1 ? "" : "s", certificate.cases.size(),
      certificate.cases.size() == 1 ? "" : "s", disturbed > 0 ? fmt::format(", {} disturbed", disturbed) : "",
      certificate.fingerprints, certificate.interrupted ? ", interrupted" : "");
}

/// Warnings of all cases, each once.
std::string warnings_of(const Certificate& certificate, std::string (*shown)(std::string_view)) {
  std::string result;
  std::set<std::string> seen;
  for (const records::CertifiedCase& one : certificate.cases)
    for (const records::Warning& warning : one.warnings)
      if (seen.insert(warning.message).second)
        result += fmt::format("- warning: {}\n", shown(warning.message));
  return result;
}

template <typename Show>
std::string tables_of(const Certificate& certificate, const Show& show) {
  std::string result;
  for (const Table& table :
       {cases_of(certificate), ranks_of(certificate), links_of(certificate), hosts_of(certificate)})
    if (!table.rows.empty()) result += show(table) + "\n";
  return result;
}

std::string reasons_of(const Certificate& certificate, std::string (*shown)(std::string_view)) {
  std::string result;
  for (const std::string& reason : certificate.reasons) result += fmt::format("- {}\n", shown(reason));
  return result + warnings_of(certificate, shown);
}

std::string markdown_of(Table table) {
  for (auto& row : table.rows)
    for (std::string& cell : row) cell = escape_markdown(cell);
  return markdown_table(table.columns, table.rows);
}

}  // namespace

std::string certificate_text(const Certificate& certificate) {
  const auto show = [](const Table& table) { return text_table(table.columns, table.rows); };
  return fmt::format("{}{}{}\n", tables_of(certificate, show), reasons_of(certificate, one_line),
                     sentence_of(certificate));
}

std::string certificate_markdown(const Certificate& certificate) {
  const std::string reasons = reasons_of(certificate, escape_markdown);
  const std::string when =
      certificate.finished.empty()
          ? fmt::format("Begun {}, {} of {} so far", one_line(certificate.started),
                        duration(certificate.seconds), duration(certificate.duration_seconds))
          : fmt::format("From {} to {}", one_line(certificate.started), one_line(certificate.finished));
  return fmt::format(
      "# Qualification: {}\n\n**{}**\n\n{}{}{}, by {}\n\nMedian (smallest-largest): times and rates over "
      "undisturbed repetitions (over all where there are none), shares of processors over all.\n\n"
      "{}<details><summary>Environment</summary>\n\n{}\n</details>\n",
      name_of(certificate.verdict), escape_markdown(sentence_of(certificate)), reasons,
      reasons.empty() ? "" : "\n", when, code_span(certificate.command), tables_of(certificate, markdown_of),
      code_block(records::to_json(certificate.environment).dump(2)));
}

}  // namespace isoframe::reports
