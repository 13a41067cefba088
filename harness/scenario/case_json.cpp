#include "harness/scenario/case_json.h"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "harness/scenario/case_keys.h"

namespace isoframe::harness::scenario {

using nlohmann::json;
using nlohmann::ordered_json;

namespace {

/// The key of a foreign engine's program in a case's JSON.
constexpr const char* kProgram = "program";

/// Throws InputError for a number outside of the range that the schema states, or another word than its own.
void check_range(const CaseKey& key, const json& value) {
  const ordered_json& schema = key.schema;
  const auto refuse = [&](const std::string& why) {
    throw InputError(fmt::format("the case's '{}' is {}, {}", key.name, value.dump(), why));
  };
  const auto is_beyond = [&](const char* bound, const auto& is_so) {
    return schema.contains(bound) && is_so(value.get<double>(), schema.at(bound).get<double>());
  };
  if (value.is_number()) {
    if (is_beyond("minimum", std::less<>())) refuse(fmt::format("below {}", schema.at("minimum").dump()));
    if (is_beyond("maximum", std::greater<>())) refuse(fmt::format("above {}", schema.at("maximum").dump()));
    if (is_beyond("exclusiveMinimum", std::less_equal<>()))
      refuse(fmt::format("not above {}", schema.at("exclusiveMinimum").dump()));
    if (is_beyond("exclusiveMaximum", std::greater_equal<>()))
      refuse(fmt::format("not below {}", schema.at("exclusiveMaximum").dump()));
  } else if (value.is_string() && schema.contains("enum")) {
    const auto words = schema.at("enum").get<std::vector<std::string>>();
    if (std::ranges::find(words, value.get<std::string>()) == words.end())
      refuse(fmt::format("not {}", fmt::join(words, " or ")));
  }
}

}  // namespace

json to_json(const Case& spec) {
  json result = {{"name", base::text_of_bytes(spec.name)},
                 {"gates", to_json(spec.gates)},
                 {"skip_reason", spec.skip_reason},
                 {"where",
                  {{"file", base::text_of_bytes(spec.where.file)},
                   {"line", spec.where.line},
                   {"column", spec.where.column}}}};
  for (const CaseKey& key : case_keys()) result[key.json] = key.to_json(spec);
  if (spec.program) result[kProgram] = to_json(*spec.program);
  return result;
}

json held_json(const Case& spec, Holds least) {
  json result = json::object();
  for (const CaseKey& key : case_keys())
    if (key.holds >= least) result[key.json] = key.to_json(spec);
  if (spec.program) result[kProgram] = to_json(*spec.program);
  return result;
}

Case case_from_json(const json& value) {
  if (!value.is_object()) throw InputError("the case is not an object");
  Case spec;
  for (const CaseKey& key : case_keys()) {
    const auto found = value.find(key.json);
    // Keys that came later have their default in what an earlier version wrote; those without one were always
    // there.
    if (found == value.end() && key.role == Role::kAskedFor && !key.has_default)
      throw InputError(fmt::format("the case has no '{}'", key.json));
    if (found == value.end()) continue;
    key.from_json(spec, *found);
    if (!key.was_wider) check_range(key, *found);
  }
  if (const auto program = value.find(kProgram); program != value.end())
    spec.program = engine_from_json(*program);
  if (is_foreign(spec) && !spec.program)
    throw InputError(fmt::format("the case's engine '{}' has no 'program'", spec.engine));
  try {
    spec.name = base::bytes_of_text(value.at("name").get<std::string>());
    spec.gates = gates_from_json(value.at("gates"));
    value.at("skip_reason").get_to(spec.skip_reason);
    const json& where = value.at("where");
    spec.where = {base::bytes_of_text(where.at("file").get<std::string>()), where.at("line").get<int>(),
                  where.at("column").get<int>()};
  } catch (const json::exception&) {
    throw InputError("one of the case's 'name', 'gates', 'skip_reason' and 'where' is missing or damaged");
  }
  return spec;
}

}  // namespace isoframe::harness::scenario
