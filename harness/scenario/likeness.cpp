#include "harness/scenario/likeness.h"

#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace isoframe::harness::scenario {

using nlohmann::json;

namespace {

json value_in(const json& earlier, const CaseKey& key) { return earlier.value(key.json, key.initial); }

std::string sentence(const CaseKey& key, const json& now, const json& then) {
  return fmt::format("{}: {} then, {} now", key.name, then.dump(), now.dump());
}

json file_name(const json& path) {
  const std::filesystem::path whole = std::filesystem::path(path.get<std::string>()).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

}  // namespace

bool is_shared_with_baseline(const CaseKey& key, const Case& spec) {
  return key.role == Role::kAskedFor || (key.role == Role::kComputedWith && !spec.expected_different);
}

json measured_key(const Case& spec) {
  json result = json::object();
  for (const CaseKey& key : case_keys()) {
    if (key.role != Role::kBookkeeping) result[key.json] = key.to_json(spec);
  }
  return result;
}

std::vector<std::string> measured_otherwise(const Case& spec, const json& earlier) {
  std::vector<std::string> result;
  for (const CaseKey& key : case_keys()) {
    if (key.role == Role::kBookkeeping || key.is_path) continue;
    const json now = key.to_json(spec), then = value_in(earlier, key);
    if (now != then) result.push_back(sentence(key, now, then));
  }
  return result;
}

std::vector<Difference> differences(const Case& spec, const json& earlier) {
  std::vector<Difference> result;
  for (const CaseKey& key : case_keys()) {
    if (key.role == Role::kBookkeeping) continue;
    json now = key.to_json(spec), then = value_in(earlier, key);
    if (key.is_path) {
      now = file_name(now);
      then = file_name(then);
    }
    if (now != then) result.push_back({key.role, key.name, sentence(key, now, then)});
  }
  return result;
}

}  // namespace isoframe::harness::scenario
