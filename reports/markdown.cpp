#include "reports/markdown.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reports/case_table.h"
#include "reports/format.h"
#include "reports/markdown_text.h"
#include "reports/published.h"

namespace isoframe::reports {

namespace {

using nlohmann::json;

std::string name_of(const json& record) { return code_span(text(record, "name")); }

/// The object under `key`, or null.
const json& object(const json& record, const char* key) {
  static const json kNone;
  const auto found = record.find(key);
  return found != record.end() && found->is_object() ? *found : kNone;
}

bool is_true(const json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_boolean() && found->get<bool>();
}

std::string section(const std::string& title, const std::string& body) {
  return body.empty() ? std::string() : fmt::format("\n### {}\n\n{}", title, body);
}

std::string verdict(const json& run) {
  const std::string sentence = verdict_sentence(run);
  std::string result = fmt::format("**{}**\n", sentence);
  if (is_true(run, "interrupted"))
    result += "\nThe run was interrupted: what follows covers only what was measured until then.\n";
  return result;
}

std::string case_table(const json& run) {
  std::vector<TableColumn> columns;
  for (const CaseColumn& column : case_columns()) columns.push_back({column.title, column.align});
  std::vector<std::vector<std::string>> rows;
  for (const json& record : run.at("cases")) {
    std::vector<std::string> row;
    for (const CaseColumn& column : case_columns()) {
      const std::string cell = column.cell(record);
      row.push_back(column.code ? code_span(cell) : escape_markdown(cell));
    }
    rows.push_back(row);
  }
  return "\n" + markdown_table(columns, rows) +
         "\nTime: median (smallest-largest), prompt to frames. Memory: of the largest rank.\n";
}

/// PSNR is infinite from 8 bits on; only `identical` says that the floats are equal too.
std::string identity(const json& run) {
  std::string identical, rounded;
  for (const json& record : run.at("cases")) {
    // Equal grey frames prove nothing, so nothing is claimed for them.
    if (text(record, "verdict") == "untrusted") continue;
    const bool same = is_true(record, "identical");
    const auto psnr = number(record, "psnr");
    if (!same && !(psnr && std::isinf(*psnr))) continue;
    std::string& names = same ? identical : rounded;
    names += (names.empty() ? "" : ", ") + name_of(record);
  }
  std::string result;
  if (!identical.empty())
    result += fmt::format("\nIdentical to the baseline in every float: {}.\n", identical);
  if (!rounded.empty())
    result += fmt::format("\nEqual to the baseline only after rounding to 8 bits: {}.\n", rounded);
  return result;
}

std::string reasons(const json& run) {
  std::string result;
  for (const json& record : run.at("cases")) {
    if (!is_not_passed(record)) continue;
    const std::string reason = text(record, "reason");
    result += fmt::format("- {} **{}**: {}\n", name_of(record), escape_markdown(text(record, "verdict")),
                          reason.empty() ? "no reason was recorded" : escape_markdown(reason));
    const std::string first = text(object(record, "first_divergence"), "sentence");
    if (!first.empty()) result += fmt::format("  - first difference: {}\n", escape_markdown(first));
  }
  return result;
}

std::string noise_floor(const json& run) {
  std::string result;
  for (const json& record : run.at("cases")) {
    const json& floor = object(record, "aa");
    if (floor.is_null()) continue;
    result += fmt::format("- {} against itself (A/A): {}, SSIM {}, PSNR {}, time ratio {}\n", name_of(record),
                          is_true(floor, "identical") ? "identical frames" : "**different frames**",
                          ssim(number(floor, "ssim")), psnr(number(floor, "psnr")),
                          ratio(number(floor, "seconds_ratio")));
  }
  return result;
}

std::string stage_table(const json& run) {
  std::vector<const char*> stages = {"image", "text", "encode", "denoise", "decode", "communication"};
  std::erase_if(stages, [&](const char* stage) {
    return std::none_of(run.at("cases").begin(), run.at("cases").end(), [&](const json& record) {
      return number(object(record, "stages"), stage).has_value();
    });
  });
  std::vector<TableColumn> columns = {{"case", Align::kLeft}};
  for (const char* stage : stages)
    columns.push_back(
        {stage == std::string_view("communication") ? "of which communication" : stage, Align::kRight});
  std::vector<std::vector<std::string>> rows;
  for (const json& record : run.at("cases")) {
    const json& seconds = object(record, "stages");
    if (seconds.is_null()) continue;
    std::vector<std::string> row = {name_of(record)};
    for (const char* stage : stages) row.push_back(significant(number(seconds, stage)));
    rows.push_back(row);
  }
  return rows.empty() ? std::string() : markdown_table(columns, rows);
}

std::string published(const json& run) {
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

std::string details(const char* summary, const std::string& body) {
  if (body.empty()) return {};
  return fmt::format("\n<details><summary>{}</summary>\n\n{}\n</details>\n", summary, body);
}

/// "1.20 MiB", and what was predicted where that is something else.
std::string predicted_bytes(const json& row, const char* measured, const char* predicted) {
  const auto bytes_measured = number(row, measured), bytes_predicted = number(row, predicted);
  if (bytes_measured.value_or(0.0) == 0.0 && bytes_predicted.value_or(0.0) == 0.0) return "-";
  if (!bytes_predicted) return bytes(bytes_measured);
  if (bytes_measured == bytes_predicted) return fmt::format("{} = predicted", bytes(bytes_measured));
  return fmt::format("**{:.0f} B, predicted {:.0f} B**", bytes_measured.value_or(0.0), *bytes_predicted);
}

std::string bandwidth(std::optional<double> bytes_per_second) {
  return bytes_per_second ? fmt::format("{}/s", bytes(bytes_per_second)) : "-";
}

std::string collective_table(const json& run) {
  std::vector<std::vector<std::string>> rows;
  for (const json& record : run.at("cases")) {
    for (const json& row : record.value("collectives", json::array()))
      rows.push_back({name_of(record), escape_markdown(text(row, "group")),
                      escape_markdown(text(row, "collective")),
                      fmt::format("{:.0f}", number(row, "calls").value_or(0.0)),
                      predicted_bytes(row, "bytes_sent", "predicted_bytes_sent"),
                      predicted_bytes(row, "bytes_received", "predicted_bytes_received"),
                      bandwidth(number(row, "bus_bandwidth"))});
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

std::string memory_table(const json& run) {
  std::vector<std::vector<std::string>> rows;
  for (const json& record : run.at("cases")) {
    const auto planned = number(record, "planned_peak_tensor_bytes"),
               peak = number(record, "peak_tensor_bytes");
    if (!planned || !peak) continue;
    rows.push_back({name_of(record), bytes(planned), bytes(peak),
                    fmt::format("{:+.1f} %", 100.0 * (*planned / *peak - 1.0))});
  }
  if (rows.empty()) return {};
  return markdown_table({{"case", Align::kLeft},
                         {"planned", Align::kRight},
                         {"measured", Align::kRight},
                         {"difference", Align::kRight}},
                        rows);
}

std::string tile_table(const json& run) {
  std::vector<std::vector<std::string>> rows;
  for (const json& record : run.at("cases")) {
    for (const auto& [stage, balance] : object(record, "tiles").items()) {
      if (number(balance, "ranks").value_or(1.0) < 2.0) continue;
      std::string loads;
      double largest = 0.0;
      const bool in_seconds = text(balance, "unit") == "seconds";
      for (const json& load : balance.at("loads")) {
        largest = std::max(largest, load.get<double>());
        loads += fmt::format("{}{}", loads.empty() ? "" : " ", significant(load.get<double>()));
      }
      const auto optimum = number(balance, "optimum");
      rows.push_back({name_of(record), stage, fmt::format("{:.0f}", number(balance, "tiles").value_or(0.0)),
                      fmt::format("{} {}", loads, in_seconds ? "s" : "positions"),
                      ratio(number(balance, "imbalance")),
                      optimum ? ratio(largest / *optimum) : "not searched for"});
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

std::string against_table(const json& run) {
  std::vector<std::vector<std::string>> rows;
  for (const json& record : run.at("cases")) {
    const json& earlier = object(record, "against");
    if (earlier.is_null()) continue;
    const auto identical = earlier.find("identical");
    const bool compared = identical != earlier.end() && identical->is_boolean();
    rows.push_back({name_of(record), ratio(number(earlier, "seconds_ratio")),
                    compared ? (identical->get<bool>() ? "identical" : "different") : "-",
                    ssim(number(earlier, "ssim")), psnr(number(earlier, "psnr"))});
  }
  if (rows.empty()) return {};
  return fmt::format("Compared with {}: time ratio above 1 is slower now.\n\n",
                     code_span(text(run, "against"))) +
         markdown_table({{"case", Align::kLeft},
                         {"time ratio", Align::kRight},
                         {"frames", Align::kLeft},
                         {"SSIM", Align::kRight},
                         {"PSNR dB", Align::kRight}},
                        rows);
}

std::string plain(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return significant(value.get<double>());
  if (!value.is_structured()) return value.dump();
  std::string list;
  for (const auto& [key, item] : value.items())
    list += (list.empty() ? "" : ", ") + (value.is_object() ? key + " " : std::string()) + plain(item);
  return list;
}

std::string environment(const json& run) {
  std::string result;
  for (const auto& [key, value] : object(run, "environment").items()) {
    if (value.is_null() || (value.is_structured() && value.empty())) continue;
    const std::size_t unit = key.rfind("_bytes");
    const bool is_size = value.is_number() && unit != std::string::npos && unit + 6 == key.size();
    std::string label = is_size ? key.substr(0, unit) : key;
    for (char& c : label) c = c == '_' ? ' ' : c;
    result += fmt::format("- {}: {}\n", escape_markdown(label),
                          escape_markdown(is_size ? bytes(value.get<double>()) : plain(value)));
  }
  const std::string started = text(run, "started"), finished = text(run, "finished");
  if (!started.empty())
    result += fmt::format("- measured: {}{}\n", escape_markdown(started),
                          finished.empty() ? "" : " to " + escape_markdown(finished));
  return result;
}

std::string commands(const json& run) {
  std::string lines = text(run, "command");
  for (const json& record : run.at("cases")) {
    const std::string command = text(record, "command");
    if (!command.empty()) lines += fmt::format("{}{}", lines.empty() ? "" : "\n", command);
  }
  if (lines.empty()) return {};
  return fmt::format(
      "\n<details><summary>Commands: the whole run, then each case</summary>\n\n{}\n</details>\n",
      code_block(lines));
}

}  // namespace

std::string markdown_report(const json& run) {
  return verdict(run) + case_table(run) + identity(run) + section("Not passed", reasons(run)) +
         section("Noise floor", noise_floor(run)) +
         section("Stages: median seconds of the slowest rank", stage_table(run)) +
         section("Published beside measured", published(run)) +
         section("Against an earlier run", against_table(run)) +
         details("Collectives: bytes measured and predicted", collective_table(run)) +
         details("VAE tiles: how evenly ranks share them", tile_table(run)) +
         details("Peak memory of tensors: planned and measured", memory_table(run)) +
         section("Environment", environment(run)) + commands(run);
}

}  // namespace isoframe::reports
