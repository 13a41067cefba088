#include "harness/run/trace.h"

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <ranges>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "harness/cli/case_options.h"
#include "harness/cli/commands.h"
#include "harness/cli/options.h"
#include "harness/launch/interrupt.h"
#include "harness/scenario/allowed_engines.h"
#include "harness/scenario/suite.h"
#include "reports/records/trace_record.h"

namespace isoframe::harness::cli {

namespace {

struct TraceArguments {
  CaseOptions options;
  std::string scenario, case_name;
  bool allows_all = false;
  std::vector<std::string> allowed_names;
  std::string out, like;
  bool json = false;
};

/// The case of a scenario file that the command line names, whose engine may run.
scenario::Case case_of_scenario(const TraceArguments& arguments) {
  if (const std::vector<std::string> given = arguments.options.given(); !given.empty())
    throw InputError(fmt::format("{} is an option of a case of its own; leave it out, or {}", given.front(),
                                 arguments.scenario));
  if (arguments.case_name.empty())
    throw InputError(fmt::format("--case names the case of {} to record", arguments.scenario));
  scenario::Suite suite = scenario::load_suite({arguments.scenario}, {});
  const std::string every =
      fmt::format("{}", fmt::join(std::views::transform(suite.cases, &scenario::Case::name), ", "));
  std::erase_if(suite.cases, [&](const scenario::Case& spec) { return spec.name != arguments.case_name; });
  if (suite.cases.empty())
    throw InputError(
        fmt::format("{} has no case '{}'; it has {}", arguments.scenario, arguments.case_name, every));
  scenario::check_allowed(suite, {.all = arguments.allows_all,
                                  .names = {arguments.allowed_names.begin(), arguments.allowed_names.end()}});
  const scenario::Case& spec = suite.cases.front();
  if (!spec.skip_reason.empty()) throw InputError(fmt::format("{}: {}", spec.name, spec.skip_reason));
  return spec;
}

scenario::Case case_of(const TraceArguments& arguments) {
  if (!arguments.scenario.empty()) return case_of_scenario(arguments);
  arguments.options.require_all();
  return arguments.options.build(arguments.out);
}

std::uintmax_t bytes_of(const std::filesystem::path& folder) {
  std::uintmax_t bytes = 0;
  for (const std::filesystem::directory_entry& entry : std::filesystem::directory_iterator(folder))
    if (locate::is_trace_file(entry.path())) bytes += entry.file_size();
  return bytes;
}

void trace(const TraceArguments& arguments) {
  const locate::Trace left =
      run::trace(case_of(arguments), arguments.out, arguments.like, &launch::catch_interrupts());
  if (arguments.json) {
    std::cout << reports::records::to_json(left.record).dump(2) << "\n";
    return;
  }
  const std::string ranks = !left.record.parts_of.empty()
                                ? fmt::format("one rank, in the parts of {}", left.record.parts_of)
                            : left.record.ranks == 1 ? "one rank"
                                                     : fmt::format("{} ranks", left.record.ranks);
  std::cout << fmt::format("{} points of {} in {:.1f} MB: {}\n", left.side.points.size(), ranks,
                           static_cast<double>(bytes_of(left.folder)) / 1e6, arguments.out);
}

}  // namespace

void add_trace_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<TraceArguments>();
  CLI::App* command =
      program.add_subcommand("trace", "Fingerprints of every probe point of one generation, for locate");
  add_path(*command, "scenario", arguments->scenario,
           "Scenario file whose --case is recorded, of whatever engine; without one the options make a case");
  command->add_option("--case", arguments->case_name, "Name of the scenario's case")->type_name("NAME");
  command
      ->add_option("--allow-engine", arguments->allowed_names,
                   "Let the scenario's engine of this name run its command")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_flag("--allow-engines", arguments->allows_all,
                    "Let any engine of the scenario run its command");
  arguments->options.add_to(*command, /*is_required=*/false);
  add_path(*command, "--out", arguments->out, "Folder for the trace, in place of one that is there")
      ->required();
  add_path(*command, "--like", arguments->like,
           "Record one rank, in the parts of tensors that the ranks of this trace held");
  command->add_flag("--json", arguments->json, "Print the trace's description");
  command->callback([arguments, &exit_code] {
    trace(*arguments);
    exit_code = 0;
  });
}

}  // namespace isoframe::harness::cli
