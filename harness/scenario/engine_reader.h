#pragma once
// The keys of an engine in a scenario file, one row each: reading, the schema and README.md follow from the
// table.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/scenario/engine.h"
#include "harness/scenario/yaml_value.h"

namespace isoframe::harness::scenario {

/// A row.
struct EngineKey {
  const char* name;
  std::string type;               ///< what a value may be, for README.md
  std::string fallback;           ///< what holds where it is not given, for README.md
  std::string meaning;            ///< in Markdown
  nlohmann::ordered_json schema;  ///< what a value may be as JSON Schema
  std::function<void(Engine&, const Value&, const std::string& called)> read;
};
const std::vector<EngineKey>& engine_keys();

/// Reads `engines` of a scenario file, by their names.
std::map<std::string, Engine> read_engines(const Value& engines);

}  // namespace isoframe::harness::scenario
