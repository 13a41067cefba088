#include "harness/run/generate.h"

#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/cli/command_line.h"
#include "harness/cli/commands.h"
#include "harness/cli/options.h"
#include "harness/launch/interrupt.h"
#include "harness/scenario/case_builder.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/case_keys.h"
#include "harness/scenario/documents.h"
#include "model/device/device.h"

namespace isoframe::harness::cli {

namespace {

using scenario::CaseKey;

/// Default time limit, a day: a full-size model on a CPU takes hours.
constexpr double kDefaultTimeout = 86400.0;

/// Keys that have no default here; a scenario has one for some of them.
const std::set<std::string> kRequired = {"checkpoint", "task", "prompt", "frames", "steps", "seed"};

/// The option of a key.
struct KeyOption {
  const CaseKey* key;
  CLI::Option* option;
};

struct GenerateArguments {
  std::vector<KeyOption> keys;
  std::map<std::string, std::string> texts;  ///< of options with a value, by key
  std::string out;
  bool json = false;
};

scenario::Case initial_case() {
  scenario::Case spec;
  spec.warmup = 0;
  spec.repeat = 1;
  spec.timeout_seconds = kDefaultTimeout;
  return spec;
}

bool is_flag(const CaseKey& key) { return key.initial.is_boolean(); }

/// "INT", "TEXT:{t2v,i2v}".
std::string type_name(const CaseKey& key) {
  if (key.schema.contains("enum"))
    return fmt::format("TEXT:{{{}}}", fmt::join(key.schema.at("enum").get<std::vector<std::string>>(), ","));
  const std::string type = key.schema.value("type", "string");
  return type == "integer" ? "INT" : type == "number" ? "FLOAT" : "TEXT";
}

void add_default(CLI::Option& option, const CaseKey& key) {
  if (key.fallback.starts_with("required")) return;
  const nlohmann::json value = key.to_json(initial_case());
  if (!key.has_default) {
    option.default_str(scenario::plain(key.fallback));
  } else {
    option.default_str(value.is_string() ? value.get<std::string>() : fmt::format("{}", value.get<double>()));
  }
}

bool says_no(const CaseKey& key) { return key.option.starts_with("--no-"); }

/// The key's meaning; of an option that says no, what "false" means.
std::string help(const CaseKey& key) {
  constexpr std::string_view kFalse = "false: ";
  const std::string meaning = scenario::plain(key.meaning);
  return says_no(key) && meaning.starts_with(kFalse) ? meaning.substr(kFalse.size()) : meaning;
}

KeyOption add_key(CLI::App& command, const CaseKey& key, std::string& text) {
  const std::string meaning = help(key);
  if (is_flag(key)) return {&key, command.add_flag(key.option, meaning)};
  CLI::Option* option = command.add_option(key.option, text, meaning)->type_name(type_name(key));
  if (kRequired.contains(key.name)) {
    option->required();
  } else {
    add_default(*option, key);
  }
  return {&key, option};
}

/// The options as settings, which a scenario file gives otherwise.
scenario::Settings settings_of(const GenerateArguments& arguments) {
  scenario::Settings settings;
  for (const auto& [key, option] : arguments.keys) {
    if (option->count() == 0) continue;
    const std::string text = is_flag(*key) ? (option->as<bool>() != says_no(*key) ? "true" : "false")
                                           : arguments.texts.at(key->name);
    scenario::set(settings, key->name, {scenario::Value(YAML::Node(text), {})});
  }
  return settings;
}

int generate(const GenerateArguments& arguments) {
  const std::string name = std::filesystem::path(arguments.out).filename().string();
  const scenario::Draft draft{
      .name = name.empty() ? "generate" : name, .settings = settings_of(arguments), .is_from_options = true};
  const scenario::Case spec = scenario::build_case(draft, initial_case());
  model::device::check_available(spec.device, spec.launcher.empty() ? spec.layout.world_size() : 0);

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
  for (const CaseKey& key : scenario::case_keys()) {
    if (!key.option.empty()) arguments->keys.push_back(add_key(*command, key, arguments->texts[key.name]));
  }
  add_path(*command, "--out", arguments->out, "Where the files go")->required();
  command->add_flag("--json", arguments->json, "Print result.json");
  command->callback([arguments, &exit_code] { exit_code = generate(*arguments); });
}

}  // namespace isoframe::harness::cli
