#include "harness/scenario/published.h"

#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/did_you_mean.h"
#include "harness/scenario/number_range.h"
#include "harness/scenario/paths.h"

namespace isoframe::harness::scenario {
namespace {

using reports::records::PublishedFigures;

constexpr std::int64_t kMost = 1'000'000;

struct Row {
  PublishedFigures published;
  std::string against;
};

Row read_row(const Entry& row) {
  Row result;
  result.published.row = row.key;
  std::set<std::string> missing = {"title", "size", "frames", "steps", "seconds"};
  for (const auto& [key, where, value] : row.value.mapping(
           "a row", {"title", "size", "frames", "steps", "seconds", "against", "ssim", "psnr"})) {
    missing.erase(key);
    if (key == "title") result.published.title = value.text(key);
    if (key == "size") result.published.size = value.text(key);
    if (key == "frames") result.published.frames = value.integer(key, 1, kMost);
    if (key == "steps") result.published.steps = value.integer(key, 1, kMost);
    if (key == "seconds") result.published.seconds = number_above_zero(value, key);
    if (key == "against") result.against = value.text(key);
    if (key == "ssim") result.published.ssim = number_in_range(value, key, -1.0, 1.0);
    if (key == "psnr")
      result.published.psnr = number_in_range(value, key, 0.0, std::numeric_limits<double>::infinity());
  }
  if (!missing.empty()) row.value.fail(fmt::format("row {} has no {}", row.key, *missing.begin()));
  return result;
}

/// Reads the file's rows, each with the values that hold for all.
std::map<std::string, Row> read_figures(const std::filesystem::path& file) {
  std::map<std::string, Row> rows;
  std::string source, hardware;
  for (const Entry& entry : read_yaml(file).mapping("published figures", {"source", "hardware", "rows"})) {
    if (entry.key == "source") source = entry.value.text(entry.key);
    if (entry.key == "hardware") hardware = entry.value.text(entry.key);
    if (entry.key != "rows") continue;
    for (const Entry& row : entry.value.mapping("rows", {})) rows.emplace(row.key, read_row(row));
  }
  for (auto& [key, row] : rows) {
    row.published.source = source;
    row.published.hardware = hardware;
    const auto against = rows.find(row.against);
    if (against != rows.end()) row.published.against_seconds = against->second.published.seconds;
  }
  return rows;
}

}  // namespace

PublishedFigures read_published(const Value& value, const std::string& key) {
  const std::string text = value.text(key);
  const std::size_t hash = text.rfind('#');
  if (hash == std::string::npos) value.fail(fmt::format("{} '{}' names no row; write FILE#ROW", key, text));
  const std::string path = read_path(value, key).string();
  const std::map<std::string, Row> rows = read_figures(path.substr(0, path.rfind('#')));
  const std::string name = text.substr(hash + 1);
  const auto found = rows.find(name);
  if (found != rows.end()) return found->second.published;
  std::vector<std::string> known;
  for (const auto& [row, figures] : rows) known.push_back(row);
  value.fail(
      fmt::format("{} has no row '{}'{}", text.substr(0, hash), name, base::did_you_mean(name, known)));
}

}  // namespace isoframe::harness::scenario
