#include "harness/scenario/documents.h"

#include <algorithm>
#include <regex>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "harness/scenario/case_keys.h"
#include "harness/scenario/engine_reader.h"
#include "harness/scenario/readers.h"
#include "harness/scenario/settings.h"

namespace isoframe::harness::scenario {
namespace {

using nlohmann::ordered_json;

/// JSON as people write it: what fits stands on one line.
std::string pretty(const ordered_json& value, std::size_t indent = 0) {
  constexpr std::size_t kWidth = 120;
  if (!value.is_structured() || value.empty()) return value.dump();
  std::vector<std::string> items;
  std::size_t width = indent;
  bool is_short = true;
  for (const auto& [key, item] : value.items()) {
    const std::string name = value.is_object() ? ordered_json(key).dump() + ": " : "";
    items.push_back(name + pretty(item, indent + 2));
    width += items.back().size() + 2;
    is_short = is_short && items.back().find('\n') == std::string::npos;
  }
  const char* const ends = value.is_object() ? "{}" : "[]";
  if (is_short && width < kWidth) return fmt::format("{}{}{}", ends[0], fmt::join(items, ", "), ends[1]);
  const std::string margin(indent + 2, ' ');
  return fmt::format("{}\n{}{}\n{}{}", ends[0], margin, fmt::join(items, ",\n" + margin),
                     std::string(indent, ' '), ends[1]);
}

ordered_json described(const ordered_json& schema, const std::string& meaning) {
  ordered_json result = schema;
  result["description"] = plain(meaning);
  return result;
}

ordered_json schema_of(const CaseKey& key) {
  ordered_json result = described(key.schema, key.meaning);
  if (key.has_default) result["default"] = key.initial;
  return result;
}

ordered_json object_of(const ordered_json& properties) {
  return {{"type", "object"}, {"additionalProperties", false}, {"properties", properties}};
}

ordered_json tiling_schema() {
  ordered_json properties = ordered_json::object();
  for (const CaseKey& key : case_keys()) {
    if (group_of(key.name) == "tiling")
      properties[key.name.substr(std::string("tiling.").size())] = schema_of(key);
  }
  return {{"description", "VAE tiling: false, true, or its tile."},
          {"anyOf", {{{"type", "boolean"}}, object_of(properties)}}};
}

ordered_json gates_schema() {
  ordered_json properties = ordered_json::object();
  for (const GateClaim& claim : kGateClaims)
    properties[claim.name] = described({{"type", "boolean"}}, claim.meaning);
  for (const Gate& gate : kGates) properties[gate.name] = described(reader_of(gate).schema, gate.meaning);
  return described(
      object_of(properties),
      "what must hold against the baseline; where no gate speaks of quality: identical frames, or "
      "bounded ones for ring, tensor and other orders of addition");
}

ordered_json engines_schema() {
  ordered_json properties = ordered_json::object();
  for (const EngineKey& key : engine_keys()) properties[key.name] = described(key.schema, key.meaning);
  ordered_json engine = object_of(properties);
  engine["required"] = {"command"};
  return {{"type", "object"},
          {"description", "programs that run cases in place of isoframe's own ranks, by name"},
          {"additionalProperties", engine}};
}

ordered_json schema_of_key(const std::string& name) {
  if (name == "tiling") return tiling_schema();
  if (name == "gates") return gates_schema();
  return schema_of(case_key(name));
}

ordered_json matrix_schema() {
  ordered_json properties = ordered_json::object(), patterns = ordered_json::object();
  for (const std::string& name : key_names()) {
    properties[name] = {{"$ref", "#/$defs/axis"},
                        {"items", {{"$ref", fmt::format("#/$defs/case_keys/properties/{}", name)}}}};
  }
  for (const char* group : {"tiling", "gates"}) {
    const std::string pattern = fmt::format("^{}\\.({})$", group, fmt::join(subkeys(group), "|"));
    patterns[pattern] = {{"$ref", "#/$defs/axis"}};
  }
  return {{"description", "Axes; the case expands to their product, the last axis varying fastest."},
          {"type", "object"},
          {"additionalProperties", false},
          {"properties", properties},
          {"patternProperties", patterns}};
}

/// A row's cells; a bar in one would end it.
std::string table_row(const std::vector<std::string>& cells) {
  return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

std::string group_row(const std::string& group) {
  if (group == "tiling")
    return table_row({"`tiling`", "`false`, `true` or a mapping", "`true`", "",
                      "VAE tiling; a mapping turns it on unless it says `enabled: false`"});
  return "";
}

}  // namespace

std::string option_of(const Gate& gate) {
  std::string option = fmt::format("--{}", gate.name);
  std::replace(option.begin(), option.end(), '_', '-');
  return option;
}

std::string plain(const std::string& markdown) {
  static const std::regex kLink(R"(\[([^\]]*)\]\([^)]*\))");
  std::string text = std::regex_replace(markdown, kLink, "$1");
  std::erase(text, '`');
  return text;
}

std::string schema_text() {
  ordered_json keys = ordered_json::object();
  for (const std::string& name : key_names()) keys[name] = schema_of_key(name);
  ordered_json checkpoint = described(case_key("checkpoint").schema,
                                      "of the cases that name none themselves; needed unless --checkpoint "
                                      "names one; relative to the scenario file; "
                                      "${VAR} and ${VAR:-otherwise} come from the environment");
  const ordered_json name =
      described({{"type", "string"}, {"minLength", 1}},
                "also the case's folder: letters, digits, '.', '_', '-'; with {key} for the "
                "value of a key");
  const ordered_json schema = {
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"title", "isoframe scenario"},
      {"description",
       "Cases of one checkpoint: what to generate, under which layouts, and what must hold. See "
       "scenarios/README.md."},
      {"type", "object"},
      {"required", {"version", "cases"}},
      {"additionalProperties", false},
      {"properties",
       {{"version", {{"const", 1}, {"description", "of this format"}}},
        {"checkpoint", checkpoint},
        {"engines", engines_schema()},
        {"defaults",
         {{"description", "keys for every case that does not set them itself"},
          {"$ref", "#/$defs/case_keys"},
          {"type", "object"},
          {"unevaluatedProperties", false}}},
        {"cases",
         {{"type", "array"},
          {"minItems", 1},
          {"items",
           {{"type", "object"},
            {"$ref", "#/$defs/case_keys"},
            {"required", {"name"}},
            {"properties", {{"name", name}, {"matrix", {{"$ref", "#/$defs/matrix"}}}}},
            {"unevaluatedProperties", false}}}}}}},
      {"$defs",
       {{"case_keys", {{"properties", keys}}},
        {"matrix", matrix_schema()},
        {"axis", {{"type", "array"}, {"minItems", 1}}}}}};
  return pretty(schema) + "\n";
}

std::string key_table_text() {
  std::string text = "| key | type | default | role | meaning |\n| --- | --- | --- | --- | --- |\n";
  text += table_row(
      {"`name`", "text", "required", "",
       "the folder of its results: letters, digits, `.`, `_`, `-`; unique over the files of a run; may "
       "hold `{key}` (see matrices)"});
  std::string group;
  for (const CaseKey& key : case_keys()) {
    if (group_of(key.name) != group) text += group_row(group = group_of(key.name));
    text +=
        table_row({fmt::format("`{}`", key.name), key.type, key.fallback, to_string(key.role), key.meaning});
  }
  text += table_row({"`gates`", "mapping", "see below", to_string(Role::kBookkeeping),
                     "what must hold against the baseline"});
  return text + table_row({"`matrix`", "mapping of lists", "none", "", "axes to expand over"});
}

std::string gate_table_text() {
  std::string text = "| key | type | holds when |\n| --- | --- | --- |\n";
  for (const GateClaim& claim : kGateClaims)
    text += table_row({fmt::format("`{}`", claim.name), boolean().type, claim.meaning});
  for (const Gate& gate : kGates)
    text += table_row({fmt::format("`{}`", gate.name), reader_of(gate).type, gate.meaning});
  return text;
}

std::string engine_table_text() {
  std::string text = "| key | type | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const EngineKey& key : engine_keys())
    text += table_row({fmt::format("`{}`", key.name), key.type, key.fallback, key.meaning});
  return text;
}

}  // namespace isoframe::harness::scenario
