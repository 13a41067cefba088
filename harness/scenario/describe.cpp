#include "harness/scenario/describe.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/text.h"

namespace isoframe::harness::scenario {
namespace {

std::vector<std::string> row_of(const Case& value) {
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
  std::vector<reports::TableColumn> columns;
  for (const char* title :
       {"case", "layout", "ranks", "size", "frames", "steps", "tile", "baseline", "gates"})
    columns.push_back({title});
  reports::TableRows rows;
  for (const Case& value : suite.cases) rows.push_back(row_of(value));
  const auto skipped = std::count_if(suite.cases.begin(), suite.cases.end(),
                                     [](const Case& value) { return !value.skip_reason.empty(); });
  return reports::text_table(columns, rows) + fmt::format("\n{} in {}, {} skipped\n",
                                                          counted(suite.cases.size(), "case"),
                                                          counted(suite.files.size(), "file"), skipped);
}

}  // namespace isoframe::harness::scenario
