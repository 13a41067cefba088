#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/time.h"
#include "harness/cli/command_line.h"
#include "harness/cli/commands.h"
#include "harness/cli/options.h"
#include "harness/cli/suite_arguments.h"
#include "harness/launch/interrupt.h"
#include "harness/measure/environment.h"
#include "harness/run/history.h"
#include "harness/run/suite_run.h"
#include "harness/scenario/allowed_engines.h"
#include "reports/console.h"
#include "reports/markdown.h"

namespace isoframe::harness::cli {

using reports::records::Subject;

namespace {

/// Arguments that `run` and `report` share: the earlier run, what counts as a success, and what is traced.
struct GateArguments {
  std::vector<std::string> against;
  std::vector<std::string> required;
  bool allow_skipped = false;
  std::string traced = "last";

  void add_to(CLI::App& command) {
    add_run_directory(
        command, "--against", against,
        "An earlier run directory to compare with; given several times, times are judged by the "
        "spread between runs too (five or more are best), frames and memory by the first");
    std::vector<std::string> subjects;
    for (const auto& [subject, name] : reports::records::Names<Subject>::all) subjects.push_back(name);
    command
        .add_option(
            "--require", required,
            "What must be judged beside the earlier run, e.g. frames,memory,latency: a case of which it "
            "cannot be is untrusted")
        ->delimiter(',')
        ->check(CLI::IsMember(subjects));
    command.add_flag("--allow-skipped", allow_skipped, "Exit with 0 even if no case passed or failed");
    command.add_option("--trace", traced, "Rounds of each case that trace.json holds: last or all")
        ->check(CLI::IsMember({"last", "all"}))
        ->capture_default_str();
  }

  void set(run::RunOptions& options) const {
    options.against.insert(options.against.begin(), against.begin(), against.end());
    if (!required.empty() && options.against.empty())
      throw InputError("--require says what must be judged beside an earlier run; name one with --against");
    for (const std::string& name : required)
      options.required.insert(*reports::records::named_as<Subject>(name));
    options.allow_skipped = allow_skipped;
    options.traced = traced == "all" ? run::TracedRounds::kAll : run::TracedRounds::kLast;
  }
};

struct RunArguments {
  SuiteArguments suite;
  scenario::AllowedEngines allowed;
  std::vector<std::string> allowed_names;
  GateArguments gate;
  std::string out;
  bool resume = false;
  std::string history;
  int against_last = 0;
  std::optional<double> resident_gigabytes;
  bool json = false;
  bool locate = false;
  bool no_locate = false;
};

void print_run(const reports::records::RunRecord& run, bool json) {
  if (json) {
    std::cout << reports::records::to_json(run).dump(2) << "\n";
    return;
  }
  std::cout << reports::console_summary(run);
  if (!run.document.empty()) std::cout << "report: " << run.document << "\n";
}

/// Prints why a run without a failure is none the less no success, and returns the exit code.
int exit_code_of(const reports::records::RunRecord& run, bool allow_skipped) {
  if (run::exit_code_of(run, /*allow_skipped=*/true) == 0 && run::exit_code_of(run, allow_skipped) != 0)
    std::cerr << "no case passed or failed, so nothing was judged; --allow-skipped accepts that\n";
  return run::exit_code_of(run, allow_skipped);
}

/// The history file: the one that --history names, else the environment's, else the one beside the default
/// run directories.
std::string history_of(const RunArguments& arguments) {
  if (!arguments.history.empty()) return arguments.history;
  if (const char* file = std::getenv("ISOFRAME_HISTORY")) return file;
  return arguments.out.empty() ? "runs/history.sqlite" : "";
}

/// Directories of the last passed runs in the history, newest first.
std::vector<std::filesystem::path> last_runs(const RunArguments& arguments, const scenario::Suite& suite,
                                             const run::RunOptions& options) {
  if (arguments.against_last == 0) return {};
  if (options.history.empty() || !std::filesystem::exists(options.history))
    throw InputError(fmt::format("--against-last {}: {}", arguments.against_last,
                                 options.history.empty()
                                     ? "name the history with --history"
                                     : "there is no history " + options.history.string()));
  auto runs = run::History(options.history, run::History::Access::kRead)
                  .last_passed(suite.cases, run::machine_of(measure::environment()),
                               static_cast<std::size_t>(arguments.against_last));
  // A run that goes on is no earlier one.
  std::erase(runs, std::filesystem::absolute(options.out).lexically_normal());
  if (runs.empty())
    throw InputError(
        fmt::format("--against-last {}: {} has no passed run of this scenario on this machine that "
                    "is still there",
                    arguments.against_last, options.history.string()));
  return runs;
}

/// Bytes that idle ranks may hold: a quarter of what this process may use, unless it is said.
std::uint64_t resident_bytes(const RunArguments& arguments) {
  constexpr double kBytes = 1 << 30;
  constexpr std::uint64_t kShare = 4;
  if (arguments.resident_gigabytes) return static_cast<std::uint64_t>(*arguments.resident_gigabytes * kBytes);
  const reports::records::Environment here = measure::environment();
  return std::min(here.memory_bytes, here.limits.memory_bytes.value_or(here.memory_bytes)) / kShare;
}

int run(const RunArguments& arguments) {
  const scenario::Suite suite = arguments.suite.load();
  scenario::AllowedEngines allowed = arguments.allowed;
  allowed.names.insert(arguments.allowed_names.begin(), arguments.allowed_names.end());
  scenario::check_allowed(suite, allowed);

  run::RunOptions options;
  options.out = arguments.out.empty() ? "runs/" + base::utc_now_for_a_name() : arguments.out;
  options.is_out_default = arguments.out.empty();
  options.resume = arguments.resume;
  if (arguments.out.empty()) base::make_folder("runs");
  options.history = history_of(arguments);
  options.command = command_line();
  options.again = {program_name(), "run"};
  std::ranges::move(arguments.suite.words(), std::back_inserter(options.again));
  std::ranges::move(allowed.words(), std::back_inserter(options.again));
  options.against = last_runs(arguments, suite, options);
  arguments.gate.set(options);
  options.locate = arguments.no_locate ? run::LocateWhich::kNever
                   : arguments.locate  ? run::LocateWhich::kDifferent
                                       : run::LocateWhich::kFailed;
  options.interrupted = &launch::catch_interrupts();
  options.resident = std::make_shared<engine::ResidentRanks>(resident_bytes(arguments));
  const reports::records::RunRecord record = run::run_suite(suite, options);
  print_run(record, arguments.json);
  return exit_code_of(record, arguments.gate.allow_skipped);
}

}  // namespace

void add_run_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command =
      program.add_subcommand("run", "Run the cases of scenario files, judge them, write the reports");
  arguments->suite.add_to(*command);
  command
      ->add_option("--allow-engine", arguments->allowed_names,
                   "Let the scenarios' engine of this name run its command")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_flag("--allow-engines", arguments->allowed.all,
                    "Let every engine of the scenarios run its command");
  add_path(*command, "--out", arguments->out, "The run directory (default: runs/<time>)");
  add_number(*command, "--repeat", arguments->suite.repeat, scenario::integer(1, scenario::kMostRounds),
             "Measured repetitions of each case");
  command->add_flag("--resume", arguments->resume, "Go on with --out: what it has measured is not run again");
  arguments->gate.add_to(*command);
  add_number(*command, "--against-last", arguments->against_last, scenario::integer(1, 1000),
             "As --against with the last N passed runs of the history, after those that are named")
      ->type_name("N");
  add_path(*command, "--history", arguments->history,
           "Record the run here (ISOFRAME_HISTORY, else runs/history.sqlite for runs without --out)");
  add_number(*command, "--resident-memory", arguments->resident_gigabytes, scenario::number(0.0, 1e6),
             "GiB that ranks may hold while they wait for their next round, 0 for none to wait (default: a "
             "quarter of the machine's)")
      ->type_name("GIB");
  CLI::Option* locate = command->add_flag("--locate", arguments->locate,
                                          "Name the first probe point that differs for every case whose "
                                          "frames differ (default: for failed ones)");
  command->add_flag("--no-locate", arguments->no_locate, "Do not run failed cases again to name it")
      ->excludes(locate);
  command->add_flag("--json", arguments->json, "Print run.json instead of the table");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

void add_report_command(CLI::App& program, int& exit_code) {
  struct Arguments {
    GateArguments gate;
    std::string directory, out;
    bool json = false;
    bool comment = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("report", "Judge a run directory again and rewrite its reports");
  add_run_directory(*command, "run", arguments->directory, "The run directory")->required();
  add_path(*command, "--out", arguments->out,
           "Write the documents here and nothing into the run directory, which may be read-only");
  arguments->gate.add_to(*command);
  CLI::Option* json = command->add_flag("--json", arguments->json, "Print run.json instead of the table");
  command
      ->add_flag("--comment", arguments->comment,
                 "Print report.md instead, shortened to what a comment on GitHub may have")
      ->excludes(json);
  command->callback([arguments, &exit_code] {
    run::RunOptions options;
    options.out = arguments->out;
    arguments->gate.set(options);
    const reports::records::RunRecord record = run::report_run(arguments->directory, options);
    if (arguments->comment) {
      std::cout << reports::markdown_report(record, reports::kCommentLimit);
    } else {
      print_run(record, arguments->json);
    }
    exit_code = exit_code_of(record, arguments->gate.allow_skipped);
  });
}

}  // namespace isoframe::harness::cli
