#include "harness/cli/suite_arguments.h"

#include <CLI/CLI.hpp>

namespace isoframe::harness::cli {

void SuiteArguments::add_to(CLI::App& command) {
  command.add_option("scenario", files, "Scenario files")->required();
  command.add_option("--filter", filter, "Only cases whose name matches this glob, and their baselines");
  command.add_option("--checkpoint", checkpoint, "Instead of the scenarios' own");
  command.add_option("--launcher", launcher,
                     "Start ranks by another program, e.g. 'mpirun -n {ranks} {worker}' (ci/launchers.md)");
}

scenario::Suite SuiteArguments::load() const {
  scenario::Overrides overrides;
  if (!checkpoint.empty()) overrides.checkpoint = checkpoint;
  if (!launcher.empty()) overrides.launcher = launcher;
  if (repeat > 0) overrides.repeat = repeat;
  overrides.filter = filter;
  return scenario::load_suite({files.begin(), files.end()}, overrides);
}

}  // namespace isoframe::harness::cli
