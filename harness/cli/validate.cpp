#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "harness/cli/commands.h"
#include "harness/cli/options.h"
#include "harness/plan/case_plan.h"
#include "harness/plan/describe.h"
#include "harness/run/judged_by.h"
#include "harness/run/suite_record.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/describe.h"
#include "harness/scenario/suite.h"

namespace isoframe::harness::cli {
namespace {

struct Options {
  std::vector<std::filesystem::path> files;
  std::string filter;
  std::string checkpoint;
  std::string variant;
  std::string preset;
  std::string device;
  bool plans = false;
  bool as_json = false;
};

std::string judged_by(const scenario::Case& spec, const scenario::Suite& suite) {
  return run::judged_by(spec, run::case_named(suite.cases, spec.baseline));
}

nlohmann::json to_json(const scenario::Suite& suite) {
  nlohmann::json result = {{"files", nlohmann::json::array()}, {"cases", nlohmann::json::array()}};
  for (const auto& file : suite.files) result["files"].push_back(base::text_of(file));
  for (const scenario::Case& spec : suite.cases) result["cases"].push_back(scenario::to_json(spec));
  return result;
}

void print_plans(const scenario::Suite& suite, const Options& options) {
  plan::Options planning{.preset = options.preset};
  if (!options.device.empty()) planning.device = plan::read_device(options.device);
  nlohmann::json plans = nlohmann::json::array();
  for (const scenario::Case& spec : suite.cases) {
    if (scenario::is_foreign(spec)) continue;  // the plan is of our own ranks
    const plan::CasePlan planned = plan::plan_case(spec, planning);
    if (options.as_json) {
      plans.push_back(plan::to_json(planned, planning.device));
    } else {
      std::cout << plan::text_of(planned, planning.device) << '\n';
    }
  }
  if (options.as_json) std::cout << nlohmann::json{{"plans", plans}}.dump(2) << '\n';
}

void validate(const Options& options) {
  scenario::Overrides overrides;
  overrides.filter = options.filter;
  if (!options.checkpoint.empty()) overrides.checkpoint = options.checkpoint;
  if (!options.variant.empty()) overrides.variant = options.variant;
  const scenario::Suite suite = scenario::load_suite(options.files, overrides);
  if (options.plans) {
    print_plans(suite, options);
  } else if (options.as_json) {
    std::cout << to_json(suite).dump(2) << '\n';
  } else {
    std::cout << scenario::table(suite, [&](const scenario::Case& spec) { return judged_by(spec, suite); });
  }
}

}  // namespace

void add_validate_command(CLI::App& program, int& /*exit_code*/) {
  CLI::App* command =
      program.add_subcommand("validate", "Check scenarios and show their cases; runs nothing");
  auto options = std::make_shared<Options>();
  command->add_option("SCENARIO.yaml", options->files, "Scenario files")->required();
  add_text(*command, "--filter", options->filter,
           "Glob on case names; baselines of the cases that match are kept");
  add_path(*command, "--checkpoint", options->checkpoint, "Of cases that name none themselves");
  add_text(*command, "--variant", options->variant, "Variant of its weights, as fp16, for the same cases");
  CLI::Option* plan = command->add_flag(
      "--plan", options->plans,
      "Show what each rank would hold, compute and move, from the checkpoint's configs alone");
  add_text(*command, "--preset", options->preset,
           "Plan with a preset's sizes (tiny, small, medium, full) in place of the checkpoint's")
      ->needs(plan);
  add_path(*command, "--device-description", options->device,
           "YAML of a device's rates (scenarios/devices): adds a lower bound of the time, and whether "
           "its memory is enough")
      ->needs(plan);
  command->add_flag("--json", options->as_json, "Print the cases, or the plans, as JSON");
  command->callback([options] { validate(*options); });
}

}  // namespace isoframe::harness::cli
