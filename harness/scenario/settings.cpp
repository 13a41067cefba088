#include "harness/scenario/settings.h"

#include <utility>

#include "harness/scenario/case_keys.h"
#include "harness/scenario/gates.h"

namespace isoframe::harness::scenario {
namespace {

std::vector<std::string> make_key_names() {
  std::vector<std::string> names;
  for (const CaseKey& key : case_keys()) {
    const std::string group = group_of(key.name);
    const std::string& name = group.empty() ? key.name : group;
    if (names.empty() || names.back() != name) names.push_back(name);
  }
  names.emplace_back("gates");
  return names;
}

std::vector<std::string> make_axis_keys() {
  std::vector<std::string> keys = key_names();
  for (const std::string key : {"tiling", "gates"}) {
    for (const std::string& subkey : subkeys(key)) keys.push_back(key + "." + subkey);
  }
  return keys;
}

std::vector<std::string> tiling_names() {
  std::vector<std::string> names;
  for (const CaseKey& key : case_keys()) {
    if (group_of(key.name) == "tiling") names.push_back(key.name.substr(key.name.find('.') + 1));
  }
  return names;
}

std::vector<std::string> gate_names() {
  std::vector<std::string> names;
  for (const GateClaim& claim : kGateClaims) names.emplace_back(claim.name);
  for (const Gate& gate : kGates) names.emplace_back(gate.name);
  return names;
}

void put(Settings& settings, const std::string& key, Setting setting) {
  settings.insert_or_assign(key, std::move(setting));
}

void put_all(Settings& settings, const std::string& key, const Setting& setting) {
  for (const Entry& entry : setting.value.mapping(key, subkeys(key))) {
    put(settings, key + "." + entry.key, {entry.value, setting.from_defaults});
  }
}

}  // namespace

const std::vector<std::string>& key_names() {
  static const std::vector<std::string> names = make_key_names();
  return names;
}

const std::vector<std::string>& axis_keys() {
  static const std::vector<std::string> keys = make_axis_keys();
  return keys;
}

const std::vector<std::string>& subkeys(const std::string& key) {
  static const std::map<std::string, std::vector<std::string>> keys = {
      {"tiling", tiling_names()}, {"gates", gate_names()}, {"layout", model::parallel::dimension_names()}};
  static const std::vector<std::string> none;
  const auto found = keys.find(key);
  return found == keys.end() ? none : found->second;
}

void set(Settings& settings, const std::string& key, const Setting& setting) {
  if (key == "tiling") {
    // A mapping turns tiling on unless its `enabled` says otherwise; a plain true or false is short for
    // `enabled`.
    const Value enabled = setting.value.is_mapping()
                              ? Value(YAML::Node(std::string("true")), setting.value.where())
                              : setting.value;
    put(settings, "tiling.enabled", {enabled, setting.from_defaults});
    if (setting.value.is_mapping()) put_all(settings, key, setting);
  } else if (key == "gates") {
    put_all(settings, key, setting);
  } else {
    put(settings, key, setting);
  }
}

}  // namespace isoframe::harness::scenario
