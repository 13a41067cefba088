#include "harness/scenario/describe.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "reports/text.h"

namespace isoframe::harness::scenario {
namespace {

std::vector<std::string> row_of(const Case& spec, const std::string& gates) {
  return {spec.name,
          model::parallel::to_string(spec.layout),
          fmt::format("{}", spec.layout.world_size()),
          spec.height ? fmt::format("{}x{}", *spec.height, spec.width.value()) : "image's",
          fmt::format("{}", spec.frames),
          fmt::format("{}", spec.steps),
          spec.tiling ? fmt::format("{} / {}", spec.tile_size, spec.tile_overlap) : "-",
          spec.baseline.empty() ? "-" : spec.baseline,
          spec.skip_reason.empty() ? gates : fmt::format("{} (skipped: {})", gates, spec.skip_reason)};
}

std::string counted(std::size_t count, const std::string& what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

std::string gates_text(const Case& spec) {
  std::string gates = text_of(spec.gates);
  if (spec.compare_by == "locked") gates = gates.empty() ? "locked run" : "locked run, " + gates;
  if (!spec.expected_different) return gates.empty() ? "-" : gates;
  return gates.empty() ? "reported" : "reported, " + gates;
}

std::string table(const Suite& suite, const std::function<std::string(const Case&)>& gates_of) {
  std::vector<reports::TableColumn> columns;
  for (const char* title :
       {"case", "layout", "ranks", "size", "frames", "steps", "tile", "baseline", "gates"})
    columns.push_back({title});
  reports::TableRows rows;
  for (const Case& spec : suite.cases) rows.push_back(row_of(spec, gates_of(spec)));
  const auto skipped = std::count_if(suite.cases.begin(), suite.cases.end(),
                                     [](const Case& spec) { return !spec.skip_reason.empty(); });
  return reports::text_table(columns, rows) + fmt::format("\n{} in {}, {} skipped\n",
                                                          counted(suite.cases.size(), "case"),
                                                          counted(suite.files.size(), "file"), skipped);
}

}  // namespace isoframe::harness::scenario
