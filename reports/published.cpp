#include "reports/published.h"

#include <cstdint>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/format.h"
#include "reports/text.h"

namespace isoframe::reports {

namespace {

using records::CaseRow;
using records::OwnSizes;
using records::PublishedRow;

std::string similarity(const std::optional<double>& ssim_mean, const std::optional<double>& psnr_mean) {
  if (!ssim_mean && !psnr_mean) return "-";
  return fmt::format("{} / {}", ssim(ssim_mean), psnr(psnr_mean));
}

std::optional<double> published_speedup(const PublishedRow& published) {
  if (!published.against_seconds) return std::nullopt;
  return *published.against_seconds / published.seconds;
}

std::vector<std::string> row_of(const CaseRow& row, const PublishedRow& published) {
  return {one_line(published.title),
          one_line(row.name),
          significant(published.seconds),
          significant(row.seconds),
          ratio(published_speedup(published)),
          ratio(row.speedup),
          similarity(published.ssim, published.psnr),
          similarity(row.ssim, row.psnr),
          name_of(row.verdict)};
}

std::string sizes_of(const std::string& size, std::int64_t frames, std::int64_t steps) {
  return fmt::format("{}, {} frames, {} steps", size, frames, steps);
}

/// Tells whether both sides make the same video: the sides of "480p" that the bucket list allows are 480 in
/// height or width.
bool is_same_size(const PublishedRow& published) {
  const OwnSizes& own = published.own;
  const auto is_side = [&](const std::optional<std::int64_t>& side) {
    return side && published.size == fmt::format("{}p", *side);
  };
  const bool same_pixels = is_side(own.height) || is_side(own.width);
  return same_pixels && published.frames == own.frames && published.steps == own.steps;
}

std::string hardware_of(const OwnSizes& own, const records::Environment& environment) {
  if (own.device == "cuda") return "CUDA devices, " + one_line(own.dtype);
  return fmt::format("{}, {} thread{} a rank, {}", one_line(environment.cpu), own.threads_per_rank,
                     own.threads_per_rank == 1 ? "" : "s", one_line(own.dtype));
}

std::string joined(const std::set<std::string>& values) { return fmt::format("{}", fmt::join(values, "; ")); }

/// Sentences about what stands beside each other and is not the same thing.
std::vector<std::string> differences_of(const records::RunRecord& run) {
  std::set<std::string> published_hardware, own_hardware, published_sizes, own_sizes;
  for (const CaseRow& row : run.cases) {
    if (!row.published) continue;
    const PublishedRow& published = *row.published;
    const OwnSizes& own = published.own;
    published_hardware.insert(one_line(published.hardware));
    own_hardware.insert(hardware_of(own, run.environment));
    if (is_same_size(published)) continue;
    published_sizes.insert(sizes_of(one_line(published.size), published.frames, published.steps));
    const std::string own_size =
        own.height && own.width ? fmt::format("{} x {}", *own.height, *own.width) : "the image's size";
    own_sizes.insert(sizes_of(own_size, own.frames, own.steps));
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

PublishedTable published_table(const records::RunRecord& run) {
  PublishedTable table;
  std::set<std::string> sources;
  for (const CaseRow& row : run.cases) {
    if (!row.published) continue;
    table.rows.push_back(row_of(row, *row.published));
    sources.insert(one_line(row.published->source));
  }
  if (table.rows.empty()) return table;
  table.titles = {
      "published row",         "case",     "published s", "measured s", "published speed-up", "measured",
      "published SSIM / PSNR", "measured", "verdict"};
  table.source = joined(sources);
  table.differences = differences_of(run);
  return table;
}

std::string published_text(const records::RunRecord& run) {
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
