#include "harness/scenario/case_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "harness/scenario/case_keys.h"

namespace isoframe::harness::scenario {

using nlohmann::json;

json to_json(const Case& spec) {
  json result = {{"name", base::text_of_bytes(spec.name)},
                 {"gates", to_json(spec.gates)},
                 {"skip_reason", spec.skip_reason},
                 {"where",
                  {{"file", base::text_of_bytes(spec.where.file)},
                   {"line", spec.where.line},
                   {"column", spec.where.column}}}};
  for (const CaseKey& key : case_keys()) result[key.json] = key.to_json(spec);
  return result;
}

Case case_from_json(const json& value) {
  Case spec;
  for (const CaseKey& key : case_keys()) {
    const auto found = value.find(key.json);
    // Keys that came later have their default in what an earlier version wrote; those without one were always
    // there.
    if (found == value.end() && key.role == Role::kAskedFor && !key.has_default)
      throw InputError(fmt::format("the case has no '{}'", key.json));
    if (found != value.end()) key.from_json(spec, *found);
  }
  spec.name = base::bytes_of_text(value.at("name").get<std::string>());
  spec.gates = gates_from_json(value.at("gates"));
  value.at("skip_reason").get_to(spec.skip_reason);
  const json& where = value.at("where");
  spec.where = {base::bytes_of_text(where.at("file").get<std::string>()), where.at("line").get<int>(),
                where.at("column").get<int>()};
  return spec;
}

}  // namespace isoframe::harness::scenario
