#include "harness/scenario/describe.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace isoframe::harness::scenario {
namespace {

using Row = std::array<std::string, 9>;

Row row_of(const Case& value) {
  const std::string gates = gates_text(value);
  return {value.name,
          model::parallel::to_string(value.layout),
          fmt::format("{}", value.layout.world_size()),
          value.height == 0 ? "image's" : fmt::format("{}x{}", value.height, value.width),
          fmt::format("{}", value.frames),
          fmt::format("{}", value.steps),
          value.tiling ? fmt::format("{} / {}", value.tile_size, value.tile_overlap) : "-",
          value.baseline.empty() ? "-" : value.baseline,
          value.skip_reason.empty() ? gates : fmt::format("{} (skipped: {})", gates, value.skip_reason)};
}

std::string counted(std::size_t count, const std::string& what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

std::string gates_text(const Case& value) {
  const Gates& gates = value.gates;
  std::vector<std::string> parts;
  const auto add = [&](const char* form, const std::optional<double>& bound) {
    if (bound) parts.push_back(fmt::format(fmt::runtime(form), *bound));
  };
  if (value.expected_different) parts.emplace_back("reported");
  if (gates.identical) parts.emplace_back("identical");
  if (gates.bounded) parts.emplace_back("bounded");
  add("PSNR >= {}", gates.psnr_min);
  add("SSIM >= {}", gates.ssim_min);
  add("rel. L2 <= {}", gates.relative_l2_max);
  add("difference <= {}", gates.max_difference_max);
  add("time <= {}x", gates.latency_ratio_max);
  add("tensor peak <= {}x", gates.peak_tensor_ratio_max);
  return parts.empty() ? "-" : fmt::format("{}", fmt::join(parts, ", "));
}

std::string table(const Suite& suite) {
  std::vector<Row> rows = {
      {"case", "layout", "ranks", "size", "frames", "steps", "tile", "baseline", "gates"}};
  for (const Case& value : suite.cases) rows.push_back(row_of(value));
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) text += fmt::format("{:<{}}  ", row[i], widths[i]);
    text += row.back() + "\n";
  }
  const auto skipped = std::count_if(suite.cases.begin(), suite.cases.end(),
                                     [](const Case& value) { return !value.skip_reason.empty(); });
  return text + fmt::format("\n{} in {}, {} skipped\n", counted(suite.cases.size(), "case"),
                            counted(suite.files.size(), "file"), skipped);
}

}  // namespace isoframe::harness::scenario
