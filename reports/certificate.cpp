#include "reports/certificate.h"

#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reports/format.h"
#include "reports/markdown_text.h"
#include "reports/text.h"

namespace isoframe::reports {

namespace {

using nlohmann::json;

constexpr double kGiga = 1e9;
constexpr double kMicrosecond = 1e-6;

struct Table {
  std::vector<TableColumn> columns;
  TableRows rows;
};

/// "12.3 (11.9-12.4)": the median and the range, in units of `unit`.
std::string spread(const json& row, const char* key, double unit) {
  const json& summary = row.at(key);
  if (summary.is_null()) return "-";
  const auto shown = [&](const char* name) { return significant(summary.at(name).get<double>() / unit); };
  return fmt::format("{} ({}-{})", shown("median"), shown("min"), shown("max"));
}

std::string count(const json& row, const char* key) { return std::to_string(row.at(key).size()); }
std::string integer(const json& row, const char* key) {
  return std::to_string(row.at(key).get<std::int64_t>());
}

Table cases_of(const json& certificate) {
  Table table{{{"case", Align::kLeft},
               {"layout", Align::kLeft},
               {"ranks", Align::kRight},
               {"time s", Align::kRight},
               {"deviating", Align::kRight},
               {"failed", Align::kRight}},
              {}};
  for (const json& row : certificate.at("cases"))
    table.rows.push_back({text(row, "name"), text(row, "layout"), integer(row, "ranks"),
                          spread(row, "seconds", 1.0), count(row, "deviations"), count(row, "errors")});
  return table;
}

Table ranks_of(const json& certificate) {
  Table table{{{"rank", Align::kRight},
               {"host", Align::kLeft},
               {"memory GB/s", Align::kRight},
               {"float32 GFLOP/s", Align::kRight},
               {"wrong copies", Align::kRight}},
              {}};
  for (const json& row : certificate.at("ranks"))
    table.rows.push_back({integer(row, "rank"), text(row, "host"),
                          spread(row, "memory_bytes_per_second", kGiga),
                          spread(row, "flops_per_second", kGiga), integer(row, "corrupt_copies")});
  return table;
}

Table links_of(const json& certificate) {
  Table table{{{"link", Align::kLeft},
               {"GB/s", Align::kRight},
               {"latency us", Align::kRight},
               {"wrong messages", Align::kRight}},
              {}};
  for (const json& row : certificate.at("links"))
    table.rows.push_back(
        {fmt::format("{} - {}", row.at("ranks")[0].get<int>(), row.at("ranks")[1].get<int>()),
         spread(row, "bytes_per_second", kGiga), spread(row, "latency_seconds", kMicrosecond),
         integer(row, "corrupt")});
  return table;
}

std::string sentence_of(const json& certificate) {
  return fmt::format("{}: {} repetitions of {} case{}, {} fingerprints compared{}",
                     text(certificate, "verdict"), certificate.at("repetitions").get<int>(),
                     certificate.at("cases").size(), certificate.at("cases").size() == 1 ? "" : "s",
                     certificate.at("fingerprints").get<std::int64_t>(),
                     certificate.at("interrupted").get<bool>() ? ", interrupted" : "");
}

template <typename Show>
std::string tables_of(const json& certificate, const Show& show) {
  std::string result;
  for (const Table& table : {cases_of(certificate), ranks_of(certificate), links_of(certificate)})
    if (!table.rows.empty()) result += show(table) + "\n";
  return result;
}

std::string reasons_of(const json& certificate, std::string_view bullet,
                       std::string (*shown)(std::string_view)) {
  std::string result;
  for (const json& reason : certificate.at("reasons"))
    result += fmt::format("{}{}\n", bullet, shown(reason.get<std::string>()));
  return result;
}

std::string markdown_of(Table table) {
  for (auto& row : table.rows)
    for (std::string& cell : row) cell = escape_markdown(cell);
  return markdown_table(table.columns, table.rows);
}

}  // namespace

std::string certificate_text(const json& certificate) {
  const auto show = [](const Table& table) { return text_table(table.columns, table.rows); };
  return fmt::format("{}{}{}\n", tables_of(certificate, show), reasons_of(certificate, "- ", one_line),
                     sentence_of(certificate));
}

std::string certificate_markdown(const json& certificate) {
  const std::string reasons = reasons_of(certificate, "- ", escape_markdown);
  return fmt::format(
      "# Qualification: {}\n\n**{}**\n\n{}{}From {} to {}, by {}\n\nMedian (smallest-largest) over the "
      "repetitions.\n\n{}<details><summary>Environment</summary>\n\n{}\n</details>\n",
      text(certificate, "verdict"), escape_markdown(sentence_of(certificate)), reasons,
      reasons.empty() ? "" : "\n", text(certificate, "started"), text(certificate, "finished"),
      code_span(text(certificate, "command")), tables_of(certificate, markdown_of),
      code_block(certificate.at("environment").dump(2)));
}

}  // namespace isoframe::reports
