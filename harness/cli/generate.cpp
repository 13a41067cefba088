#include "harness/run/generate.h"

#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/cli/case_options.h"
#include "harness/cli/command_line.h"
#include "harness/cli/commands.h"
#include "harness/cli/options.h"
#include "harness/launch/interrupt.h"
#include "harness/scenario/case_json.h"

namespace isoframe::harness::cli {

namespace {

struct GenerateArguments {
  CaseOptions options;
  std::string out;
  bool json = false;
};

int generate(const GenerateArguments& arguments) {
  const scenario::Case spec = arguments.options.build(arguments.out);
  const reports::records::CaseResult result =
      run::generate(spec, arguments.out, command_line(), &launch::catch_interrupts());
  for (const reports::records::Warning& warning : result.warnings)
    std::cerr << "warning: " << warning.message << '\n';
  if (arguments.json) {
    std::cout << reports::records::to_json(result).dump(2) << "\n";
  } else {
    const scenario::Case settled = scenario::case_from_json(result.spec);
    std::cout << fmt::format("{} frames of {} x {} in {:.2f} s: {}/video.mp4\n", spec.frames,
                             settled.height.value(), settled.width.value(),
                             result.latency.total_seconds.at(0), arguments.out);
  }
  return 0;
}

}  // namespace

void add_generate_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<GenerateArguments>();
  CLI::App* command = program.add_subcommand("generate", "One video under one layout");
  arguments->options.add_to(*command);
  add_path(*command, "--out", arguments->out, "Where the files go")->required();
  command->add_flag("--json", arguments->json, "Print result.json");
  command->callback([arguments, &exit_code] { exit_code = generate(*arguments); });
}

}  // namespace isoframe::harness::cli
