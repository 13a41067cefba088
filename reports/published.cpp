#include "reports/published.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "reports/format.h"
#include "reports/text.h"

namespace isoframe::reports {

namespace {

using nlohmann::json;

std::string similarity(const json& record) {
  const auto s = number(record, "ssim"), p = number(record, "psnr");
  return s || p ? fmt::format("{} / {}", ssim(s), psnr(p)) : "-";
}

std::optional<double> published_speedup(const json& published) {
  const auto against = number(published, "against_seconds"), seconds = number(published, "seconds");
  if (!against || !seconds) return std::nullopt;
  return *against / *seconds;
}

std::vector<std::string> row_of(const json& record, const json& published) {
  return {text(published, "title"),
          text(record, "name"),
          significant(number(published, "seconds")),
          significant(number(record, "seconds")),
          ratio(published_speedup(published)),
          ratio(number(record, "speedup")),
          similarity(published),
          similarity(record),
          text(record, "verdict")};
}

std::string sizes_of(const json& sides, bool is_own) {
  const std::string size = is_own
                               ? fmt::format("{} x {}", sides.at("height").dump(), sides.at("width").dump())
                               : text(sides, "size");
  return fmt::format("{}, {} frames, {} steps", size, sides.at("frames").dump(), sides.at("steps").dump());
}

/// The sides of "480p" that the bucket list allows are 480 in height or width.
bool is_same_size(const json& published) {
  const json& own = published.at("own");
  const std::string size = text(published, "size");
  const bool same_pixels = size == own.at("height").dump() + "p" || size == own.at("width").dump() + "p";
  return same_pixels && published.at("frames") == own.at("frames") &&
         published.at("steps") == own.at("steps");
}

std::string joined(const std::set<std::string>& values) { return fmt::format("{}", fmt::join(values, "; ")); }

/// What stands beside each other and is not the same thing.
std::vector<std::string> differences_of(const json& run) {
  std::set<std::string> published_hardware, own_hardware, published_sizes, own_sizes;
  for (const json& record : run.at("cases")) {
    if (!record.contains("published")) continue;
    const json& published = record.at("published");
    const json& own = published.at("own");
    published_hardware.insert(text(published, "hardware"));
    const json environment = run.value("environment", json::object());
    own_hardware.insert(text(own, "device") == "cuda"
                            ? "CUDA devices, " + text(own, "dtype")
                            : fmt::format("{}, {} thread{} a rank, {}", text(environment, "cpu"),
                                          own.at("threads_per_rank").dump(),
                                          own.at("threads_per_rank") == 1 ? "" : "s", text(own, "dtype")));
    if (is_same_size(published)) continue;
    published_sizes.insert(sizes_of(published, false));
    own_sizes.insert(sizes_of(own, true));
  }
  std::vector<std::string> differences = {fmt::format("Times cannot be compared: {} there, {} here.",
                                                      joined(published_hardware), joined(own_hardware))};
  if (!published_sizes.empty())
    differences.push_back(
        fmt::format("Videos differ: {} there, {} here. So do speed-ups, which grow with the "
                    "number of tokens.",
                    joined(published_sizes), joined(own_sizes)));
  differences.push_back(
      "SSIM and PSNR compare each side with its own tiled single-device run: 1.000000 and inf mean the same "
      "on "
      "both; what tiling costs depends on weights, prompt and size.");
  return differences;
}

}  // namespace

PublishedTable published_table(const json& run) {
  PublishedTable table;
  std::set<std::string> sources;
  for (const json& record : run.at("cases")) {
    if (!record.contains("published")) continue;
    table.rows.push_back(row_of(record, record.at("published")));
    sources.insert(text(record.at("published"), "source"));
  }
  if (table.rows.empty()) return table;
  table.titles = {
      "published row",         "case",     "published s", "measured s", "published speed-up", "measured",
      "published SSIM / PSNR", "measured", "verdict"};
  table.source = joined(sources);
  table.differences = differences_of(run);
  return table;
}

std::string published_text(const json& run) {
  const PublishedTable table = published_table(run);
  if (table.rows.empty()) return {};
  std::vector<TableColumn> columns;
  for (const std::string& title : table.titles)
    columns.push_back({title, columns.size() < 2 ? Align::kLeft : Align::kRight});
  std::string result = fmt::format("Beside {}:\n{}", table.source, text_table(columns, table.rows));
  for (const std::string& difference : table.differences) result += difference + "\n";
  return result;
}

}  // namespace isoframe::reports
