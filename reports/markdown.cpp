#include "reports/markdown.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/case_table.h"
#include "reports/engine_table.h"
#include "reports/environment_facts.h"
#include "reports/format.h"
#include "reports/locked_table.h"
#include "reports/markdown_text.h"
#include "reports/published.h"
#include "reports/records/stages.h"
#include "reports/remarks.h"

namespace isoframe::reports {

namespace {

using records::CaseRow;
using records::RunRecord;

std::string code_name(const CaseRow& row) { return code_span(row.name); }

std::string section(const std::string& title, const std::string& body) {
  return body.empty() ? std::string() : fmt::format("\n### {}\n\n{}", title, body);
}

std::string verdict(const RunRecord& run) {
  const std::string sentence = verdict_sentence(run);
  std::string result = fmt::format("**{}**\n", sentence);
  if (run.interrupted)
    result += "\nThe run was interrupted: what follows covers only what was measured until then.\n";
  return result;
}

std::string case_table(const RunRecord& run, const std::vector<const CaseRow*>& shown) {
  const std::vector<CaseColumn> own = case_columns(run);
  std::vector<TableColumn> columns;
  for (const CaseColumn& column : own) columns.push_back({column.title, column.align});
  std::vector<std::vector<std::string>> rows;
  for (const CaseRow* row : shown) {
    std::vector<std::string>& cells = rows.emplace_back();
    for (const CaseColumn& column : own) {
      const std::string cell = column.cell(*row);
      cells.push_back(column.code ? code_span(cell) : escape_markdown(cell));
    }
  }
  return "\n" + markdown_table(columns, rows) +
         "\nTime: median (smallest-largest), prompt to frames. Memory: of the largest rank.\n";
}

/// Sentences that name the cases equal to their baseline.  PSNR is infinite if 8-bit values are equal; only
/// `identical` says that floats are, too.
std::string identity(const RunRecord& run) {
  std::string identical, rounded;
  for (const CaseRow& row : run.cases) {
    // Nothing is claimed for equal grey frames, which prove nothing.
    if (row.verdict == records::Verdict::kUntrusted) continue;
    const bool same = row.identical.value_or(false);
    if (!same && !(row.psnr && std::isinf(*row.psnr))) continue;
    std::string& names = same ? identical : rounded;
    names += (names.empty() ? "" : ", ") + code_name(row);
  }
  std::string result;
  if (!identical.empty())
    result += fmt::format("\nIdentical to the baseline in every float: {}.\n", identical);
  if (!rounded.empty())
    result += fmt::format("\nEqual to the baseline only after rounding to 8 bits: {}.\n", rounded);
  return result;
}

std::string reasons(const RunRecord& run) {
  std::string result;
  for (const CaseRow& row : run.cases) {
    if (!is_not_passed(row)) continue;
    result += fmt::format("- {} **{}**: {}\n", code_name(row), records::name_of(row.verdict),
                          row.reason.empty() ? "no reason was recorded" : escape_markdown(row.reason));
    if (row.first_divergence && !row.first_divergence->sentence.empty())
      result += fmt::format("  - first difference: {}\n", escape_markdown(row.first_divergence->sentence));
    if (row.first_divergence)
      for (const records::DivergenceBehind& one : row.first_divergence->behind)
        result += fmt::format("  - behind it: {}\n", escape_markdown(one.sentence));
  }
  return result;
}

std::string remark_sections(const RunRecord& run) {
  std::string result;
  for (const RemarkKind& kind : remark_kinds()) {
    std::string list;
    for (const Remark& remark : remarks(kind, run))
      list += fmt::format("- {}: {}\n", escape_markdown(cases_of(remark, run)), escape_markdown(remark.text));
    result += section(kind.title, list);
  }
  return result;
}

std::string noise_floor(const RunRecord& run) {
  std::string result;
  for (const CaseRow& row : run.cases) {
    if (!row.aa) continue;
    const records::NoiseFloor& floor = *row.aa;
    result += fmt::format("- {} against itself (A/A): {}, SSIM {}, PSNR {}, time ratio {}\n", code_name(row),
                          floor.identical ? "identical frames" : "**different frames**", ssim(floor.ssim),
                          psnr(floor.psnr), ratio(floor.seconds_ratio));
  }
  return result;
}

std::optional<double> seconds_in(const CaseRow& row, const std::string& stage) {
  const auto found = row.stages.find(stage);
  return found == row.stages.end() ? std::nullopt : found->second;
}

std::string stage_table(const RunRecord& run) {
  std::vector<std::string> stages(records::kOuterStages.begin(), records::kOuterStages.end());
  stages.emplace_back(records::kCommunication);
  std::erase_if(stages, [&](const std::string& stage) {
    return std::ranges::none_of(run.cases,
                                [&](const CaseRow& row) { return seconds_in(row, stage).has_value(); });
  });
  std::vector<TableColumn> columns = {{"case", Align::kLeft}};
  for (const std::string& stage : stages)
    columns.push_back({stage == records::kCommunication ? "of which communication" : stage, Align::kRight});
  std::vector<std::vector<std::string>> rows;
  for (const CaseRow& row : run.cases) {
    if (row.stages.empty()) continue;
    std::vector<std::string>& cells = rows.emplace_back(1, code_name(row));
    for (const std::string& stage : stages) cells.push_back(significant(seconds_in(row, stage)));
  }
  return rows.empty() ? std::string() : markdown_table(columns, rows);
}

std::string published(const RunRecord& run) {
  const PublishedTable table = published_table(run);
  if (table.rows.empty()) return {};
  std::vector<TableColumn> columns;
  for (const std::string& title : table.titles)
    columns.push_back({title, columns.size() < 2 ? Align::kLeft : Align::kRight});
  std::vector<std::vector<std::string>> rows;
  for (std::vector<std::string> row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      row[i] = i == 1 ? code_span(row[i]) : escape_markdown(row[i]);
    rows.push_back(row);
  }
  std::string result =
      fmt::format("From {}.\n\n", escape_markdown(table.source)) + markdown_table(columns, rows);
  for (const std::string& difference : table.differences)
    result += fmt::format("\n- {}", escape_markdown(difference));
  return result + "\n";
}

/// Engines beside each other.
std::string engines(const RunRecord& run) {
  const EngineTable table = engine_table(run);
  if (table.rows.empty()) return {};
  std::vector<TableColumn> columns;
  for (const std::string& title : table.titles)
    columns.push_back({title, columns.size() < 4 ? Align::kLeft : Align::kRight});
  std::vector<std::vector<std::string>> rows;
  for (const std::vector<std::string>& row : table.rows) {
    std::vector<std::string>& cells = rows.emplace_back();
    for (const std::string& cell : row) cells.push_back(escape_markdown(cell));
  }
  std::string result = markdown_table(columns, rows) + fmt::format("\n{}\n\n", kSpeedUps);
  for (const std::vector<std::string>* lines : {&table.sentences, &table.engines})
    for (const std::string& line : *lines) result += fmt::format("- {}\n", escape_markdown(line));
  return result;
}

std::string details(const char* summary, const std::string& body) {
  if (body.empty()) return {};
  return fmt::format("\n<details><summary>{}</summary>\n\n{}\n</details>\n", summary, body);
}

/// A measured size, "1.20 MiB", and the predicted one where that is another.
std::string predicted_bytes(std::uint64_t measured, std::optional<std::uint64_t> predicted) {
  if (measured == 0 && predicted.value_or(0) == 0) return "-";
  const std::string shown = bytes(static_cast<double>(measured));
  if (!predicted) return shown;
  if (measured == *predicted) return fmt::format("{} = predicted", shown);
  return fmt::format("**{} B, predicted {} B**", measured, *predicted);
}

std::string bandwidth(std::optional<double> bytes_per_second) {
  return bytes_per_second ? fmt::format("{}/s", bytes(bytes_per_second)) : "-";
}

std::string collective_table(const RunRecord& run) {
  std::vector<std::vector<std::string>> rows;
  for (const CaseRow& row : run.cases) {
    if (!row.collectives) continue;
    for (const records::CollectiveSum& sum : *row.collectives)
      rows.push_back({code_name(row), escape_markdown(sum.group), escape_markdown(sum.collective),
                      fmt::format("{}", sum.calls), predicted_bytes(sum.bytes_sent, sum.predicted_bytes_sent),
                      predicted_bytes(sum.bytes_received, sum.predicted_bytes_received),
                      bandwidth(sum.bus_bandwidth)});
  }
  if (rows.empty()) return {};
  return markdown_table({{"case", Align::kLeft},
                         {"group", Align::kLeft},
                         {"collective", Align::kLeft},
                         {"calls", Align::kRight},
                         {"sent", Align::kRight},
                         {"received", Align::kRight},
                         {"bus bandwidth", Align::kRight}},
                        rows) +
         "\nOver all ranks. Bus bandwidth as nccl-tests defines it, of the slowest rank, waiting included.\n";
}

std::string memory_table(const RunRecord& run) {
  std::vector<std::vector<std::string>> rows;
  for (const CaseRow& row : run.cases) {
    const std::optional<double> planned = row.planned_peak_tensor_bytes, peak = row.peak_tensor_bytes;
    if (!planned || !peak) continue;
    rows.push_back({code_name(row), bytes(planned), bytes(peak),
                    fmt::format("{:+.1f} %", 100.0 * (*planned / *peak - 1.0))});
  }
  if (rows.empty()) return {};
  return markdown_table({{"case", Align::kLeft},
                         {"planned", Align::kRight},
                         {"measured", Align::kRight},
                         {"difference", Align::kRight}},
                        rows);
}

std::string tile_table(const RunRecord& run) {
  std::vector<std::vector<std::string>> rows;
  for (const CaseRow& row : run.cases) {
    for (const auto& [stage, balance] : row.tiles) {
      if (balance.ranks < 2) continue;
      std::string loads;
      for (const double load : balance.loads)
        loads += fmt::format("{}{}", loads.empty() ? "" : " ", significant(load));
      const double largest = balance.loads.empty() ? 0.0 : std::ranges::max(balance.loads);
      rows.push_back({code_name(row), stage, fmt::format("{}", balance.tiles),
                      fmt::format("{} {}", loads, balance.unit == "seconds" ? "s" : "positions"),
                      ratio(balance.imbalance),
                      balance.optimum ? ratio(largest / *balance.optimum) : "not searched for"});
    }
  }
  if (rows.empty()) return {};
  return markdown_table({{"case", Align::kLeft},
                         {"stage", Align::kLeft},
                         {"tiles", Align::kRight},
                         {"each rank's load", Align::kLeft},
                         {"largest / mean", Align::kRight},
                         {"largest / optimum", Align::kRight}},
                        rows) +
         "\nLoads by the costs that tiles of each shape had in the warm-up, or by their positions.\n";
}

/// Error by step of the cases that a locked run judges, each with its baseline's.
std::string locked_tables(const RunRecord& run) {
  std::string result;
  for (const CaseRow& row : run.cases) {
    if (!row.locked) continue;
    std::vector<std::vector<std::string>> rows;
    for (const LockedLine& line : locked_lines(*row.locked))
      rows.push_back({escape_markdown(line.place), line.baseline, line.candidate, line.ratio,
                      escape_markdown(line.too_far)});
    result +=
        fmt::format("{}{}, from the latents of {}: relative RMS distance from {}.\n\n",
                    result.empty() ? "" : "\n", code_name(row), code_span(row.baseline),
                    row.locked->exact == "float32" ? "the baseline computed in float32" : "the baseline");
    result += markdown_table({{"part", Align::kLeft},
                              {"baseline", Align::kRight},
                              {"case", Align::kRight},
                              {"ratio", Align::kRight},
                              {"too far", Align::kLeft}},
                             rows);
    result += fmt::format("\n{}\n", video_sentence(*row.locked));
  }
  return result;
}

std::string against_table(const RunRecord& run) {
  std::vector<std::vector<std::string>> rows;
  for (const CaseRow& row : run.cases) {
    if (!row.against || !*row.against) continue;
    const records::AgainstRow& earlier = **row.against;
    const char* frames = !earlier.identical ? "-" : *earlier.identical ? "identical" : "different";
    rows.push_back(
        {code_name(row), ratio(earlier.seconds_ratio), frames, ssim(earlier.ssim), psnr(earlier.psnr)});
  }
  if (rows.empty()) return {};
  return fmt::format("Compared with {}: time ratio above 1 is slower now.\n\n", code_span(run.against)) +
         markdown_table({{"case", Align::kLeft},
                         {"time ratio", Align::kRight},
                         {"frames", Align::kLeft},
                         {"SSIM", Align::kRight},
                         {"PSNR dB", Align::kRight}},
                        rows);
}

std::string environment(const RunRecord& run) {
  std::string result;
  for (const auto& [label, value] : environment_facts(run.environment))
    result += fmt::format("- {}: {}\n", escape_markdown(label), escape_markdown(value));
  if (!run.started.empty())
    result += fmt::format("- measured: {}{}\n", escape_markdown(run.started),
                          run.finished.empty() ? "" : " to " + escape_markdown(run.finished));
  return result;
}

std::string commands(const RunRecord& run) {
  std::string lines = one_line(run.command);
  for (const CaseRow& row : run.cases) {
    const std::string command = one_line(row.command);
    if (!command.empty()) lines += fmt::format("{}{}", lines.empty() ? "" : "\n", command);
  }
  if (lines.empty()) return {};
  return fmt::format(
      "\n<details><summary>Commands: the whole run, then each case</summary>\n\n{}\n</details>\n",
      code_block(lines));
}

/// A part of the report.
struct Part {
  const char* name;  ///< in the note on what is left out
  int weight;        ///< the lightest are left out first, kDecisive ones never
  std::string text;
};
using Parts = std::vector<Part>;
constexpr int kDecisive = 100;

std::vector<const CaseRow*> all_cases(const RunRecord& run) {
  std::vector<const CaseRow*> rows;
  for (const CaseRow& row : run.cases) rows.push_back(&row);
  return rows;
}

std::string reasons_section(const RunRecord& run) { return section("Not passed", reasons(run)); }

/// All parts in the report's order, given the table of cases and the reasons.
Parts parts_of(const RunRecord& run, std::string table, std::string why) {
  return {
      {"", kDecisive, verdict(run)},
      {"", kDecisive, std::move(table)},
      {"identical cases", 9, identity(run)},
      {"", kDecisive, std::move(why)},
      {"remarks", 12, remark_sections(run)},
      {"noise floor", 6, section("Noise floor", noise_floor(run))},
      {"stages", 5, section("Stages: median seconds of the slowest rank", stage_table(run))},
      {"published figures", 8, section("Published beside measured", published(run))},
      {"engines", 8, section("Engines", engines(run))},
      {"the earlier run", 11, section("Against an earlier run", against_table(run))},
      {"steps", 3, details("Step by step: how far baseline and case are from float32", locked_tables(run))},
      {"collectives", 1, details("Collectives: bytes measured and predicted", collective_table(run))},
      {"VAE tiles", 2, details("VAE tiles: how evenly ranks share them", tile_table(run))},
      {"memory", 4, details("Peak memory of tensors: planned and measured", memory_table(run))},
      {"environment", 10, section("Environment", environment(run))},
      {"commands", 0, commands(run)}};
}

std::string joined(const Parts& parts) {
  std::string result;
  for (const Part& part : parts) result += part.text;
  return result;
}

/// The first whole lines that fit, and the number of cases on the others, whose lines begin with `mark`.
std::string first_lines(const std::string& text, std::size_t most, std::string_view mark) {
  constexpr std::size_t kNote = 40;
  if (text.size() <= most) return text;
  std::size_t kept = 0, more = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    if (kept == begin && end + kNote <= most) {
      kept = end;
    } else if (std::string_view(text).substr(begin).starts_with(mark)) {
      ++more;
    }
    begin = end;
  }
  return fmt::format("{}\n... and {} more\n", text.substr(0, kept), more);
}

/// The report without what decides least, and if that is still too much, with as much as fits of the reasons
/// and then of the table.
std::string shortened(const RunRecord& run, Parts parts, std::size_t most) {
  constexpr std::size_t kNote = 300;  // of what is left out
  const std::size_t room = most - kNote;
  std::vector<const char*> left_out;
  while (joined(parts).size() > room) {
    const auto lightest = std::ranges::min_element(
        parts, {}, [](const Part& part) { return part.text.empty() ? kDecisive : part.weight; });
    if (lightest->weight == kDecisive || lightest->text.empty()) break;
    left_out.push_back(lightest->name);
    lightest->text.clear();
  }
  std::string result = joined(parts);
  if (result.size() > room) {
    std::vector<const CaseRow*> rows = all_cases(run);
    std::ranges::stable_partition(rows, [](const CaseRow* row) { return is_not_passed(*row); });
    const std::string head = verdict(run);
    const std::string why = first_lines(reasons_section(run), (room - head.size()) / 2, "- ");
    result = head + first_lines(case_table(run, rows), room - head.size() - why.size(), "| ") + why;
  }
  return fmt::format("{}\nLeft out, as there is room for {} bytes only: {}. report.html has everything.\n",
                     result, most, fmt::join(left_out, ", "));
}

}  // namespace

std::string markdown_report(const RunRecord& run, std::size_t most) {
  Parts parts = parts_of(run, case_table(run, all_cases(run)), reasons_section(run));
  std::string whole = joined(parts);
  return whole.size() <= most ? whole : shortened(run, std::move(parts), most);
}

}  // namespace isoframe::reports
