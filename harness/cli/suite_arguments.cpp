#include "harness/cli/suite_arguments.h"

#include <CLI/CLI.hpp>

#include "harness/cli/options.h"

namespace isoframe::harness::cli {

void SuiteArguments::add_to(CLI::App& command, bool needs_scenario) {
  command.add_option("scenario", files, "Scenario files")->required(needs_scenario);
  add_text(command, "--filter", filter, "Only cases whose name matches this glob, and their baselines");
  add_path(command, "--checkpoint", checkpoint, "Instead of the scenarios' own");
  add_text(command, "--variant", variant,
           "Variant of its weights, as fp16, for cases that name none themselves");
  add_text(command, "--device", device,
           "cpu, cuda, or auto for what this machine has, for cases that name none themselves")
      ->check(CLI::IsMember({"cpu", "cuda", "auto"}));
  add_text(command, "--launcher", launcher,
           "Start ranks by another program, e.g. 'mpirun -n {ranks} {worker}' (ci/launchers.md)");
}

scenario::Suite SuiteArguments::load() const {
  scenario::Overrides overrides;
  if (!checkpoint.empty()) overrides.checkpoint = checkpoint;
  if (!variant.empty()) overrides.variant = variant;
  if (!device.empty()) overrides.device = device;
  if (!launcher.empty()) overrides.launcher = launcher;
  overrides.repeat = repeat;
  overrides.filter = filter;
  return scenario::load_suite({files.begin(), files.end()}, overrides);
}

std::vector<std::string> SuiteArguments::words() const {
  std::vector<std::string> words = files;
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {option, value});
  };
  add("--checkpoint", checkpoint);
  add("--variant", variant);
  add("--device", device);
  add("--launcher", launcher);
  add("--repeat", repeat ? std::to_string(*repeat) : "");
  return words;
}

}  // namespace isoframe::harness::cli
