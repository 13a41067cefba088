// isoframe baseline and isoframe history: accepted runs, and the measurements of all earlier ones.

#include "harness/run/history.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json_file.h"
#include "base/units.h"
#include "harness/cli/commands.h"
#include "harness/measure/environment.h"
#include "metrics/change_points.h"
#include "metrics/statistics.h"
#include "reports/records/history_record.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::cli {

namespace fs = std::filesystem;
using nlohmann::json;
using reports::records::CaseRow;
using reports::records::LevelChange;
using reports::records::MeasureSeries;
using reports::records::RunRecord;
using reports::records::Verdict;
using run::RecordedCase;
using run::RecordedRun;

namespace {

fs::path default_history() {
  const char* file = std::getenv("ISOFRAME_HISTORY");
  return file != nullptr ? file : "runs/history.sqlite";
}

std::string this_machine() {
  reports::records::Environment environment = measure::environment();
  environment.device = "cpu";
  return run::machine_of(environment);
}

std::string scenario_name(const std::string& scenario) { return fs::path(scenario).filename(); }

json to_json(const RecordedRun& run) {
  return {{"directory", run.directory},
          {"scenario", run.scenario},
          {"machine", run.machine},
          {"started", run.started},
          {"commit", run.commit}};
}

run::History open_existing(const std::string& file) {
  if (!fs::exists(file))
    throw InputError(fmt::format("{}: no history here yet; `isoframe run` writes one", file));
  return run::History(file);
}

void save(const std::string& history, const std::string& directory) {
  const RunRecord run =
      reports::records::run_record_from_json(base::read_json(fs::path(directory) / "run.json"));
  const auto refuse = [&](const std::string& why) {
    throw InputError(
        fmt::format("{}: {}; only a finished run whose cases passed can be a baseline", directory, why));
  };
  if (run.interrupted) refuse("was interrupted");
  if (run.finished.empty()) refuse("has not finished");
  if (run.count(Verdict::kPassed) == 0) refuse("has no case that passed");
  for (const Verdict verdict : {Verdict::kFailed, Verdict::kUntrusted, Verdict::kError}) {
    if (run.count(verdict) > 0) refuse(fmt::format("has a case that is {}", name_of(verdict)));
  }
  if (fs::path(history).has_parent_path()) fs::create_directories(fs::path(history).parent_path());
  run::History database(history);
  database.record(directory, run);
  database.accept(directory);
  std::cout << fmt::format("{} is a baseline now, in {}\n", directory, history);
}

void list(const std::string& history, const std::string& scenario, bool as_json) {
  const auto runs = open_existing(history).accepted(scenario_name(scenario), "");
  if (as_json) {
    json rows = json::array();
    for (const RecordedRun& run : runs) rows.push_back(to_json(run));
    std::cout << rows.dump(2) << "\n";
    return;
  }
  for (const RecordedRun& run : runs) {
    std::cout << fmt::format("{}  {:<20}  {:<12.12}  {}  {}\n", run.started, run.scenario, run.commit,
                             run.machine, run.directory);
  }
}

void show(const std::string& history, const std::string& scenario, bool path_only) {
  const auto runs = open_existing(history).accepted(scenario_name(scenario), this_machine());
  if (runs.empty()) {
    throw InputError(
        fmt::format("{}: no baseline of {} on this machine ({}); `isoframe baseline save RUN_DIR` keeps one",
                    history, scenario_name(scenario), this_machine()));
  }
  std::cout << (path_only ? runs.front().directory : to_json(runs.front()).dump(2)) << "\n";
}

/// One line of eight heights, lowest to highest value.
std::string sparkline(const std::vector<double>& values) {
  static constexpr const char* kHeights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  std::string line;
  for (const double value : values) {
    const double share = *high > *low ? (value - *low) / (*high - *low) : 0.0;
    line += kHeights[static_cast<std::size_t>(std::lround(share * 7.0))];
  }
  return line;
}

struct Measure {
  const char* name;
  const char* unit;
  std::optional<double> RecordedCase::*member;
  double scale;
};
constexpr Measure kMeasures[] = {
    {"latency", "s", &RecordedCase::seconds, 1.0},
    {"tensor memory", "MiB", &RecordedCase::peak_tensor_bytes, 1.0 / base::kMebibyte},
    {"PSNR", "dB", &RecordedCase::psnr, 1.0},
    {"SSIM", "", &RecordedCase::ssim, 1.0}};

/// Returns one measure of one case over all runs that have it; nothing if none has.
std::optional<MeasureSeries> series_of(const std::vector<RecordedCase>& rows, const Measure& measure) {
  std::vector<double> values;
  std::vector<const RecordedCase*> sources;
  for (const RecordedCase& row : rows) {
    if (!(row.*measure.member)) continue;
    values.push_back(*(row.*measure.member) * measure.scale);
    sources.push_back(&row);
  }
  if (values.empty()) return std::nullopt;
  std::vector<double> finite = values;
  for (double& value : finite) value = std::isinf(value) ? 200.0 : value;  // above any PSNR of unequal frames
  MeasureSeries series{measure.name, measure.unit, values, {}, sparkline(finite)};
  for (const metrics::ChangePoint& change : metrics::change_points(finite)) {
    const RecordedRun& run = sources[change.index]->run;
    series.changes.push_back({run.started, run.commit, change.before, change.after, change.index});
  }
  return series;
}

void print_series(const MeasureSeries& series) {
  std::cout << fmt::format("  {:<14} {}  {:.4g} {}, last of {}\n", series.measure, series.sparkline,
                           series.values.back(), series.unit, series.values.size());
  for (const LevelChange& change : series.changes) {
    std::cout << fmt::format("    changed at {} ({:.12}): {:.4g} -> {:.4g}\n", change.started, change.commit,
                             change.before, change.after);
  }
}

void history(const std::string& file, const std::string& scenario, bool all_machines, bool as_json) {
  const auto rows = open_existing(file).cases(scenario_name(scenario), all_machines ? "" : this_machine());
  if (rows.empty())
    throw InputError(fmt::format("{}: no run of {} {}", file, scenario_name(scenario),
                                 all_machines ? "yet" : "on this machine; --all-machines shows the others'"));
  std::map<std::string, std::vector<RecordedCase>> by_case;
  for (const RecordedCase& row : rows) by_case[row.name].push_back(row);
  reports::records::HistoryRecord record;
  for (const auto& [name, own] : by_case) {
    for (const Measure& measure : kMeasures)
      if (const auto series = series_of(own, measure)) record[name].push_back(*series);
  }
  if (as_json) {
    std::cout << reports::records::to_json(record).dump(2) << "\n";
    return;
  }
  for (const auto& [name, measures] : record) {
    std::cout << name << "\n";
    for (const MeasureSeries& series : measures) print_series(series);
  }
}

struct Arguments {
  std::string history = default_history();
  std::string subject;
  bool json = false;
  bool flag = false;
};

CLI::App* add(CLI::App& parent, const char* name, const char* what,
              const std::shared_ptr<Arguments>& arguments) {
  CLI::App* command = parent.add_subcommand(name, what);
  command->add_option("--history", arguments->history,
                      "The history (ISOFRAME_HISTORY, else runs/history.sqlite)");
  return command;
}

}  // namespace

void add_history_commands(CLI::App& program, int& /*exit_code*/) {
  CLI::App* baseline = program.add_subcommand("baseline", "Keep accepted runs by machine and scenario");
  baseline->require_subcommand(1);
  {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        add(*baseline, "save", "Accept a run as the baseline of its scenario and machine", arguments);
    command->add_option("run", arguments->subject, "The run directory")->required();
    command->callback([arguments] { save(arguments->history, arguments->subject); });
  }
  {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = add(*baseline, "list", "Accepted runs, newest first", arguments);
    command->add_option("scenario", arguments->subject, "Of this scenario only");
    command->add_flag("--json", arguments->json, "As JSON");
    command->callback([arguments] { list(arguments->history, arguments->subject, arguments->json); });
  }
  {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        add(*baseline, "show", "The newest accepted run of a scenario on this machine", arguments);
    command->add_option("scenario", arguments->subject, "The scenario's file")->required();
    command->add_flag("--path", arguments->flag, "Only the run directory, for --against \"$(...)\"");
    command->callback([arguments] { show(arguments->history, arguments->subject, arguments->flag); });
  }
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      add(program, "history", "How a scenario's latency, memory and quality moved over runs", arguments);
  command->add_option("scenario", arguments->subject, "The scenario's file")->required();
  command->add_flag("--all-machines", arguments->flag, "Not only this machine's runs");
  command->add_flag("--json", arguments->json, "As JSON");
  command->callback(
      [arguments] { history(arguments->history, arguments->subject, arguments->flag, arguments->json); });
}

}  // namespace isoframe::harness::cli
