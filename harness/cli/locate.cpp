#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "harness/cli/commands.h"
#include "harness/cli/options.h"
#include "harness/compare/traces.h"
#include "harness/launch/interrupt.h"
#include "harness/run/exact_difference.h"
#include "harness/scenario/readers.h"

namespace isoframe::harness::cli {

void add_locate_command(CLI::App& program, int& exit_code) {
  struct Arguments {
    std::string a, b;
    std::optional<double> tolerance;
    bool any_checkpoint = false, exact = false, json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("locate", "Two traces: the first probe point at which they part");
  command->footer(
      "A side is a folder that `isoframe trace` left, or another engine's in the same form.\nExit code: 0 no "
      "point differs; 1 they part; 2 not comparable.");
  add_path(*command, "a", arguments->a, "What is right")->required();
  add_path(*command, "b", arguments->b, "What is held against it")->required();
  add_number(*command, "--tolerance", arguments->tolerance,
             scenario::number(0.0, std::numeric_limits<double>::max()),
             "Relative L2 up to which a point counts as equal, 0 for bit for bit; what the traces' layouts, "
             "builds and engines promise if not given");
  command->add_flag("--any-checkpoint", arguments->any_checkpoint, "Compare traces of different weights too");
  command->add_flag("--exact", arguments->exact,
                    "Generate both once more for the tensor that differs: its exact difference, heads and "
                    "tokens");
  command->add_flag("--json", arguments->json, "Print the result as JSON");
  command->callback([arguments, &exit_code] {
    compare::ComparedTraces traces = compare::compare_traces({.a = arguments->a,
                                                              .b = arguments->b,
                                                              .tolerance = arguments->tolerance,
                                                              .any_checkpoint = arguments->any_checkpoint});
    if (arguments->exact) run::add_exact_difference(traces, &launch::catch_interrupts());
    const reports::records::LocateRecord& record = traces.record;
    std::cout << (arguments->json ? reports::records::to_json(record).dump(2) + "\n"
                                  : compare::trace_summary(record));
    exit_code = record.differs ? 1 : 0;
  });
}

}  // namespace isoframe::harness::cli
