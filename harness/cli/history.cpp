// isoframe baseline and isoframe history: accepted runs, and the measurements of all earlier ones.

#include "harness/run/history.h"

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json_file.h"
#include "base/text.h"
#include "harness/cli/commands.h"
#include "harness/cli/options.h"
#include "harness/measure/environment.h"
#include "harness/run/trends.h"
#include "reports/records/history_record.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::cli {

namespace fs = std::filesystem;
using nlohmann::json;
using reports::records::LevelChange;
using reports::records::MeasureSeries;
using reports::records::RunRecord;
using reports::records::Verdict;
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
  return {{"directory", base::text_of_bytes(run.directory)},
          {"scenario", base::text_of_bytes(run.scenario)},
          {"machine", run.machine},
          {"started", run.started},
          {"commit", run.commit}};
}

struct Arguments {
  std::string history = default_history();
  std::string subject;
  bool json = false;
  bool flag = false;
  std::optional<double> drift_max;
};

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

void print_series(const MeasureSeries& series) {
  std::cout << fmt::format("  {:<14} {}  {:.4g} {}, last of {}\n", series.measure, series.sparkline,
                           series.values.back(), series.unit, series.values.size());
  for (const LevelChange& change : series.changes) {
    std::cout << fmt::format("    changed at {} ({:.12}): {:.4g} -> {:.4g}\n", change.started, change.commit,
                             change.before, change.after);
  }
}

/// Prints a case's measures, with their drift if that was asked for.
void print_case(const std::string& name, const std::vector<MeasureSeries>& measures) {
  std::cout << name << "\n";
  for (const MeasureSeries& series : measures) {
    print_series(series);
    if (!series.drift) continue;
    const reports::records::Drift& drift = *series.drift;
    std::cout << (drift.verdict == Verdict::kPassed
                      ? fmt::format("    {:.3f}x the baseline accepted at {}\n", drift.ratio.value_or(1.0),
                                    drift.since)
                      : fmt::format("    {}: {}\n", name_of(drift.verdict), drift.reason));
  }
}

/// Prints what was measured over all runs; the exit code is that of the drift, if that is gated.
int history(const Arguments& arguments) {
  const std::string scenario = scenario_name(arguments.subject);
  const run::History database = open_existing(arguments.history);
  const auto rows = database.cases(scenario, arguments.flag ? "" : this_machine());
  if (rows.empty())
    throw InputError(
        fmt::format("{}: no run of {} {}", arguments.history, scenario,
                    arguments.flag ? "yet" : "on this machine; --all-machines shows the others'"));
  if (arguments.drift_max && database.accepted(scenario, this_machine()).empty())
    throw InputError(fmt::format(
        "{}: --drift-max needs a baseline of {} on this machine; `isoframe baseline save RUN_DIR` keeps one",
        arguments.history, scenario));
  const reports::records::HistoryRecord record = run::trends(rows, arguments.drift_max);
  if (arguments.json) {
    std::cout << reports::records::to_json(record).dump(2) << "\n";
  } else {
    for (const auto& [name, measures] : record) print_case(name, measures);
  }
  return arguments.drift_max ? run::exit_code_of_drift(record) : 0;
}

CLI::App* add(CLI::App& parent, const char* name, const char* what,
              const std::shared_ptr<Arguments>& arguments) {
  CLI::App* command = parent.add_subcommand(name, what);
  add_path(*command, "--history", arguments->history,
           "The history (ISOFRAME_HISTORY, else runs/history.sqlite)");
  return command;
}

}  // namespace

void add_history_commands(CLI::App& program, int& exit_code) {
  CLI::App* baseline = program.add_subcommand("baseline", "Keep accepted runs by machine and scenario");
  baseline->require_subcommand(1);
  {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        add(*baseline, "save", "Accept a run as the baseline of its scenario and machine", arguments);
    add_path(*command, "run", arguments->subject, "The run directory")->required();
    command->callback([arguments] { save(arguments->history, arguments->subject); });
  }
  {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = add(*baseline, "list", "Accepted runs, newest first", arguments);
    add_path(*command, "scenario", arguments->subject, "Of this scenario only");
    command->add_flag("--json", arguments->json, "As JSON");
    command->callback([arguments] { list(arguments->history, arguments->subject, arguments->json); });
  }
  {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        add(*baseline, "show", "The newest accepted run of a scenario on this machine", arguments);
    add_path(*command, "scenario", arguments->subject, "The scenario's file")->required();
    command->add_flag("--path", arguments->flag, "Only the run directory, for --against \"$(...)\"");
    command->callback([arguments] { show(arguments->history, arguments->subject, arguments->flag); });
  }
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      add(program, "history", "How a scenario's latency, memory and quality moved over runs", arguments);
  add_path(*command, "scenario", arguments->subject, "The scenario's file")->required();
  CLI::Option* all = command->add_flag("--all-machines", arguments->flag, "Not only this machine's runs");
  command->add_flag("--json", arguments->json, "As JSON");
  add_number(*command, "--drift-max", arguments->drift_max, scenario::number(1.0, 1e6),
             "Exit with 1 if a case's time or tensor memory is by now more than this many times the accepted "
             "baseline's")
      ->excludes(all);
  command->callback([arguments, &exit_code] { exit_code = history(*arguments); });
}

}  // namespace isoframe::harness::cli
