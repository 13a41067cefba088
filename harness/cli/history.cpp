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
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json_file.h"
#include "base/text.h"
#include "harness/cli/commands.h"
#include "harness/cli/options.h"
#include "harness/cli/suite_arguments.h"
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

std::string this_machine() { return run::machine_of(measure::environment()); }

/// The scenarios' names in a sentence.
std::string names_of(const SuiteArguments& suite) { return fmt::format("{}", fmt::join(suite.files, ", ")); }

json to_json(const RecordedRun& run) {
  return {{"directory", base::text_of_bytes(run.directory)},
          {"scenario", base::text_of_bytes(run.scenario)},
          {"machine", run.machine},
          {"started", run.started},
          {"commit", run.commit}};
}

struct Arguments {
  std::string history = default_history();
  SuiteArguments suite;
  std::string run;
  bool json = false;
  bool flag = false;
  std::optional<double> drift_max;
};

run::History open_existing(const std::string& file) {
  if (!fs::exists(file))
    throw InputError(fmt::format("{}: no history here yet; `isoframe run` writes one", file));
  return run::History(file, run::History::Access::kRead);
}

void save(const std::string& history, const std::string& directory) {
  const RunRecord run =
      base::read_record(fs::path(directory) / "run.json", reports::records::run_record_from_json);
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
  database.record(directory, run, run::facts_of(directory, run));
  database.accept(directory);
  std::cout << fmt::format("{} is a baseline now, in {}\n", directory, history);
}

void list(const Arguments& arguments) {
  const run::History database = open_existing(arguments.history);
  const auto runs = arguments.suite.files.empty() ? database.accepted()
                                                  : database.accepted(arguments.suite.load().cases, "");
  if (arguments.json) {
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

void show(const Arguments& arguments) {
  const auto runs = open_existing(arguments.history).accepted(arguments.suite.load().cases, this_machine());
  if (runs.empty()) {
    throw InputError(
        fmt::format("{}: no baseline of {} on this machine ({}); `isoframe baseline save RUN_DIR` keeps one",
                    arguments.history, names_of(arguments.suite), this_machine()));
  }
  std::cout << (arguments.flag ? runs.front().directory : to_json(runs.front()).dump(2)) << "\n";
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
  const std::vector<scenario::Case> cases = arguments.suite.load().cases;
  const run::History database = open_existing(arguments.history);
  const std::string machine = arguments.flag ? "" : this_machine(), names = names_of(arguments.suite);
  const auto rows = database.cases(cases, machine);
  if (rows.empty()) {
    const std::string other = database.nearest_difference(cases, machine);
    throw InputError(fmt::format("{}: no run of {}{}{}", arguments.history, names,
                                 arguments.flag ? "" : " on this machine",
                                 !other.empty()   ? "; what was asked for differs: " + other
                                 : arguments.flag ? " yet"
                                                  : "; --all-machines shows the others'"));
  }
  if (arguments.drift_max && database.accepted(cases, machine).empty())
    throw InputError(fmt::format(
        "{}: --drift-max needs a baseline of {} on this machine; `isoframe baseline save RUN_DIR` keeps one",
        arguments.history, names));
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
  CLI::App* baseline =
      program.add_subcommand("baseline", "Keep accepted runs by machine and by what was asked for");
  baseline->require_subcommand(1);
  {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        add(*baseline, "save", "Accept a run as the baseline of its cases and machine", arguments);
    add_run_directory(*command, "run", arguments->run, "The run directory")->required();
    command->callback([arguments] { save(arguments->history, arguments->run); });
  }
  {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        add(*baseline, "list", "Accepted runs, newest first; of scenarios, those with most of their cases",
            arguments);
    arguments->suite.add_to(*command, /*needs_scenario=*/false);
    command->add_flag("--json", arguments->json, "As JSON");
    command->callback([arguments] { list(*arguments); });
  }
  {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        add(*baseline, "show", "The newest accepted run of a scenario on this machine", arguments);
    arguments->suite.add_to(*command);
    command->add_flag("--path", arguments->flag, "Only the run directory, for --against \"$(...)\"");
    command->callback([arguments] { show(*arguments); });
  }
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      add(program, "history", "How a scenario's latency, memory and quality moved over runs", arguments);
  arguments->suite.add_to(*command);
  CLI::Option* all = command->add_flag("--all-machines", arguments->flag, "Not only this machine's runs");
  command->add_flag("--json", arguments->json, "As JSON");
  add_number(*command, "--drift-max", arguments->drift_max, scenario::number(1.0, 1e6),
             "Exit with 1 if a case's time or tensor memory is by now more than this many times the accepted "
             "baseline's")
      ->excludes(all);
  command->callback([arguments, &exit_code] { exit_code = history(*arguments); });
}

}  // namespace isoframe::harness::cli
