#include "harness/cli/case_options.h"

#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/scenario/case_builder.h"
#include "harness/scenario/documents.h"
#include "model/device/device.h"

namespace isoframe::harness::cli {

namespace {

using scenario::CaseKey;

/// Default time limit, a day: a full-size model on a CPU takes hours.
constexpr double kDefaultTimeout = 86400.0;

/// Keys that have no default here; a scenario has one for some of them.
const std::set<std::string> kRequired = {"checkpoint", "task", "prompt", "frames", "steps", "seed"};

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

CLI::Option* add_key(CLI::App& command, const CaseKey& key, std::string& text, bool is_required) {
  const std::string meaning = help(key);
  if (is_flag(key)) return command.add_flag(key.option, meaning);
  CLI::Option* option = command.add_option(key.option, text, meaning)->type_name(type_name(key));
  if (kRequired.contains(key.name)) {
    option->required(is_required);
  } else {
    add_default(*option, key);
  }
  return option;
}

}  // namespace

void CaseOptions::add_to(CLI::App& command, bool is_required) {
  for (const CaseKey& key : scenario::case_keys())
    if (!key.option.empty()) keys_.push_back({&key, add_key(command, key, texts_[key.name], is_required)});
}

std::vector<std::string> CaseOptions::given() const {
  std::vector<std::string> names;
  for (const auto& [key, option] : keys_)
    if (option->count() > 0) names.push_back(key->option);
  return names;
}

void CaseOptions::require_all() const {
  for (const auto& [key, option] : keys_)
    if (option->count() == 0 && kRequired.contains(key->name)) throw CLI::RequiredError(key->option);
}

scenario::Case CaseOptions::build(const std::string& out) const {
  scenario::Settings settings;
  for (const auto& [key, option] : keys_) {
    if (option->count() == 0) continue;
    const std::string text =
        is_flag(*key) ? (option->as<bool>() != says_no(*key) ? "true" : "false") : texts_.at(key->name);
    scenario::set(settings, key->name, {scenario::Value(YAML::Node(text), {})});
  }
  const std::string name = std::filesystem::path(out).filename().string();
  scenario::Case spec = scenario::build_case(
      {.name = name.empty() ? "generate" : name, .settings = std::move(settings), .is_from_options = true},
      initial_case());
  model::device::check_available(spec.device, spec.launcher.empty() ? spec.layout.world_size() : 0);
  return spec;
}

}  // namespace isoframe::harness::cli
