#include "harness/compare/compare.h"

#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/cli/commands.h"
#include "harness/cli/options.h"
#include "harness/scenario/documents.h"
#include "harness/scenario/yaml_value.h"
#include "reports/comparison.h"

namespace isoframe::harness::cli {

namespace {

using scenario::Gate;

/// Gates by the names that they have in scenarios, and by those that some had before.
std::string names_of(const Gate& gate) {
  static const std::map<std::string, std::string> kEarlier = {
      {"psnr_min", ",--min-psnr"}, {"ssim_min", ",--min-ssim"}, {"max_difference_max", ",--max-abs"}};
  const auto earlier = kEarlier.find(gate.name);
  return scenario::option_of(gate) + (earlier == kEarlier.end() ? "" : earlier->second);
}

/// The bound that an option gives, with the checks of scenarios.
void set_gate(scenario::Gates& gates, const Gate& gate, const std::string& text) {
  const std::string number = text == "inf" ? ".inf" : text;
  scenario::read_gate(gates, gate.name, scenario::Value(YAML::Node(number), {}), scenario::option_of(gate));
}

}  // namespace

void add_compare_command(CLI::App& program, int& exit_code) {
  struct Arguments {
    std::string reference, candidate, out;
    std::map<std::string, std::string> bounds;
    bool any_rate = false, json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("compare", "Two videos: equal, or where and how much they differ");
  command->footer(
      "A side is a video file, a folder of images, a frames.safetensors file, or a folder that "
      "holds one.\nExit code: 0 equal after 8 bits, or within the gates that are given; 1 different; 2 not "
      "comparable.");
  add_path(*command, "reference", arguments->reference, "What is right")->required();
  add_path(*command, "candidate", arguments->candidate, "What is held against it")->required();
  add_path(*command, "--out", arguments->out, "Folder for compare.json, report.md and heat maps");
  std::vector<std::pair<const Gate*, CLI::Option*>> options;
  for (const Gate& gate : scenario::kGates) {
    if (gate.source != scenario::GateSource::kFrames) continue;
    CLI::Option* option =
        command->add_option(names_of(gate), arguments->bounds[gate.name],
                            fmt::format("Instead of equality: {}", scenario::plain(gate.meaning)));
    options.emplace_back(&gate, option->type_name("FLOAT"));
  }
  command->add_flag("--any-rate", arguments->any_rate,
                    "Compare frame by frame even if the frame rates differ");
  command->add_flag("--json", arguments->json, "Print compare.json instead of the table");
  command->callback([arguments, options, &exit_code] {
    compare::CompareOptions asked{arguments->reference, arguments->candidate, arguments->out};
    asked.any_rate = arguments->any_rate;
    for (const auto& [gate, option] : options) {
      if (option->count() > 0) set_gate(asked.gates, *gate, arguments->bounds.at(gate->name));
    }
    const reports::records::ComparisonRecord result = compare::compare(asked);
    std::cout << (arguments->json ? reports::records::to_json(result).dump(2) + "\n"
                                  : reports::comparison_summary(result));
    exit_code = result.passed ? 0 : 1;
  });
}

}  // namespace isoframe::harness::cli
