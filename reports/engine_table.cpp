#include "reports/engine_table.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "reports/format.h"
#include "reports/records/stages.h"
#include "reports/text.h"

namespace isoframe::reports {

namespace {

using records::CaseRow;
using records::RunRecord;

constexpr const char* kOurs = "isoframe";

/// Time that one case needed, in units of another's; nothing unless both were measured.
std::optional<double> times_faster(const CaseRow& row, const CaseRow* other) {
  if (other == nullptr || other == &row || !other->seconds || !row.seconds || *row.seconds <= 0.0) return {};
  return *other->seconds / *row.seconds;
}

/// The case of an engine with this layout that asks for the same frames: the baseline, or one that has it.
const CaseRow* find(const RunRecord& run, const CaseRow& like, const std::string& engine,
                    const std::string& layout) {
  const std::string& baseline = like.baseline.empty() ? like.name : like.baseline;
  const auto found = std::ranges::find_if(run.cases, [&](const CaseRow& row) {
    return row.engine == engine && row.layout == layout && (row.name == baseline || row.baseline == baseline);
  });
  return found == run.cases.end() ? nullptr : &*found;
}

std::string version_of(const CaseRow& row, const RunRecord& run) {
  if (row.engine == kOurs) return run.environment.isoframe.version;
  const auto found = row.engine_facts.find(records::kEngineVersion);
  return found == row.engine_facts.end() ? "-" : found->second;
}

std::string scientific(const std::optional<double>& value) {
  return value ? fmt::format("{:.1e}", *value) : "-";
}

std::vector<std::string> stages_of(const RunRecord& run) {
  std::vector<std::string> stages(records::kOuterStages.begin(), records::kOuterStages.end());
  std::erase_if(stages, [&](const std::string& stage) {
    return std::ranges::none_of(run.cases, [&](const CaseRow& row) {
      const auto found = row.stages.find(stage);
      return found != row.stages.end() && found->second;
    });
  });
  return stages;
}

std::vector<std::string> cells_of(const CaseRow& row, const RunRecord& run,
                                  const std::vector<std::string>& stages) {
  const bool is_reference = row.baseline.empty() && row.seconds.has_value();
  std::vector<std::string> cells = {one_line(row.name),
                                    one_line(row.engine),
                                    one_line(version_of(row, run)),
                                    one_line(row.layout),
                                    fmt::format("{}", row.world_size),
                                    significant(row.seconds)};
  for (const std::string& stage : stages) {
    const auto found = row.stages.find(stage);
    cells.push_back(significant(found == row.stages.end() ? std::nullopt : found->second));
  }
  cells.push_back(ratio(times_faster(row, find(run, row, row.engine, "single"))));
  cells.push_back(row.engine == kOurs ? "-" : ratio(times_faster(row, find(run, row, kOurs, row.layout))));
  cells.push_back(bytes(row.peak_resident_bytes));
  cells.push_back(is_reference ? "reference" : ssim(row.ssim));
  cells.push_back(is_reference ? "reference" : psnr(row.psnr));
  cells.push_back(is_reference ? "reference" : scientific(row.relative_l2));
  cells.push_back(records::name_of(row.verdict));
  return cells;
}

std::vector<std::string> facts_of(const RunRecord& run) {
  std::vector<std::string> lines;
  for (const CaseRow& row : run.cases) {
    if (row.engine_facts.empty()) continue;
    std::string line;
    for (const auto& [name, value] : row.engine_facts)
      if (name != records::kEngineVersion)
        line += fmt::format("{}{}: {}", line.empty() ? "" : ", ", name, value);
    line = one_line(fmt::format("{} is {}; {}", row.engine, version_of(row, run), line));
    if (std::ranges::find(lines, line) == lines.end()) lines.push_back(line);
  }
  return lines;
}

}  // namespace

bool has_other_engines(const RunRecord& run) {
  return std::ranges::any_of(run.cases, [](const CaseRow& row) { return row.engine != kOurs; });
}

EngineTable engine_table(const RunRecord& run) {
  EngineTable table;
  if (!has_other_engines(run)) return table;
  const std::vector<std::string> stages = stages_of(run);
  table.titles = {"case", "engine", "version", "layout", "ranks", "time s"};
  for (const std::string& stage : stages) table.titles.push_back(stage + " s");
  for (const char* title : {"own speed-up", "of isoframe's speed", "resident memory", "SSIM", "PSNR dB",
                            "relative L2", "verdict"})
    table.titles.emplace_back(title);
  for (const CaseRow& row : run.cases) {
    table.rows.push_back(cells_of(row, run, stages));
    if (row.own_single && !row.own_single->stands_alone.empty())
      table.sentences.push_back(one_line(fmt::format("{}: {}", row.name, row.own_single->stands_alone)));
  }
  table.engines = facts_of(run);
  return table;
}

}  // namespace isoframe::reports
