#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "harness/cli/commands.h"
#include "harness/scenario/case.h"
#include "harness/scenario/describe.h"

namespace isoframe::harness::cli {
namespace {

struct Options {
  std::vector<std::filesystem::path> files;
  std::string filter;
  bool as_json = false;
};

nlohmann::json to_json(const scenario::Suite& suite) {
  nlohmann::json result = {{"files", nlohmann::json::array()}, {"cases", nlohmann::json::array()}};
  for (const auto& file : suite.files) result["files"].push_back(file.string());
  for (const scenario::Case& value : suite.cases) result["cases"].push_back(scenario::to_json(value));
  return result;
}

}  // namespace

void add_validate_command(CLI::App& program, int& /*exit_code*/) {
  CLI::App* command =
      program.add_subcommand("validate", "Check scenarios and show their cases; runs nothing");
  auto options = std::make_shared<Options>();
  command->add_option("SCENARIO.yaml", options->files, "Scenario files")->required();
  command->add_option("--filter", options->filter,
                      "Glob on case names; baselines of the cases that match are kept");
  command->add_flag("--json", options->as_json, "Print the cases as JSON");
  command->callback([options] {
    scenario::Overrides overrides;
    overrides.filter = options->filter;
    const scenario::Suite suite = scenario::load_suite(options->files, overrides);
    if (options->as_json) {
      std::cout << to_json(suite).dump(2) << '\n';
    } else {
      std::cout << scenario::table(suite);
    }
  });
}

}  // namespace isoframe::harness::cli
