#include "harness/scenario/engine_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/scenario/error.h"
#include "harness/scenario/paths.h"
#include "harness/scenario/readers.h"

namespace isoframe::harness::scenario {

namespace {

std::vector<std::string> read_command(const Value& value, const std::string& called) {
  // A text would leave open which spaces part words.
  if (!value.is_list())
    value.fail(fmt::format("{} is not a list of words; write [python3, ./engine.py]", called));
  std::vector<std::string> words;
  for (const Value& word : value.list(called)) words.push_back(read_word(word, called));
  if (words.front().empty()) value.fail(called + " begins with an empty word; name a program");
  return words;
}

std::map<std::string, std::string> read_environment(const Value& value, const std::string& called) {
  std::map<std::string, std::string> environment;
  for (const Entry& entry : value.mapping(called, {})) {
    if (entry.key.empty() || entry.key.find('=') != std::string::npos)
      throw ScenarioError(entry.key_where,
                          fmt::format("'{}' is no name of an environment variable", entry.key));
    environment[entry.key] = read_word(entry.value, fmt::format("{} {}", called, entry.key));
  }
  return environment;
}

std::vector<std::string> engine_key_names() {
  std::vector<std::string> names;
  for (const EngineKey& key : engine_keys()) names.emplace_back(key.name);
  return names;
}

Engine read_engine(const std::string& name, const Value& value) {
  Engine engine;
  const std::string called = fmt::format("engine '{}'", name);
  for (const Entry& entry : value.mapping(called, engine_key_names())) {
    const auto key = std::ranges::find_if(
        engine_keys(), [&](const EngineKey& candidate) { return entry.key == candidate.name; });
    key->read(engine, entry.value, fmt::format("{} of {}", entry.key, called));
  }
  if (engine.command.empty())
    value.fail(fmt::format("{} has no command; name the program that runs it", called));
  return engine;
}

}  // namespace

const std::vector<EngineKey>& engine_keys() {
  static const Reader<std::string> kRanks = one_of({"harness", "engine"});
  static const std::vector<EngineKey> keys = {
      {.name = "command",
       .type = "list of words",
       .fallback = "required",
       .meaning = "the program and its arguments. The program is looked for in PATH; a word that begins with "
                  "`./` or `../` is a path from the scenario file's folder; `${VAR}` and `${VAR:-otherwise}` "
                  "come from the environment. It runs only if `--allow-engine NAME` or `--allow-engines` "
                  "says so",
       .schema = {{"type", "array"}, {"items", {{"type", "string"}}}, {"minItems", 1}},
       .read = [](Engine& engine, const Value& value,
                  const std::string& called) { engine.command = read_command(value, called); }},
      {.name = "ranks",
       .type = kRanks.type,
       .fallback = "`harness`",
       .meaning =
           "`harness`: isoframe starts one process a rank; `engine`: one process, which starts its own "
           "ranks and answers for all of them",
       .schema = kRanks.schema,
       .read =
           [](Engine& engine, const Value& value, const std::string& called) {
             engine.starts_ranks = kRanks.read(value, called) == "engine";
           }},
      {.name = "resident",
       .type = boolean().type,
       .fallback = "`true`",
       .meaning = "its processes stay for the next round and case; `false`: new ones every round",
       .schema = boolean().schema,
       .read = [](Engine& engine, const Value& value,
                  const std::string& called) { engine.resident = boolean().read(value, called); }},
      {.name = "environment",
       .type = "mapping of texts",
       .fallback = "none",
       .meaning = "environment variables that its processes have beside isoframe's own",
       .schema = {{"type", "object"}, {"additionalProperties", {{"type", {"string", "number", "boolean"}}}}},
       .read = [](Engine& engine, const Value& value,
                  const std::string& called) { engine.environment = read_environment(value, called); }},
  };
  return keys;
}

std::map<std::string, Engine> read_engines(const Value& engines) {
  std::map<std::string, Engine> result;
  for (const Entry& entry : engines.mapping("engines", {})) {
    if (entry.key == kIsoframe)
      throw ScenarioError(entry.key_where, "engine 'isoframe' is this program; give yours another name");
    if (entry.key.empty()) throw ScenarioError(entry.key_where, "an engine needs a name");
    result.emplace(entry.key, read_engine(entry.key, entry.value));
  }
  return result;
}

}  // namespace isoframe::harness::scenario
