#include "harness/scenario/engine.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isoframe::harness::scenario {

using nlohmann::json;

json to_json(const Engine& engine) {
  json command = json::array();
  for (const std::string& word : engine.command) command.push_back(base::text_of_bytes(word));
  json environment = json::object();
  for (const auto& [name, value] : engine.environment) environment[name] = base::text_of_bytes(value);
  return {{"command", command},
          {"ranks", engine.starts_ranks ? "engine" : "harness"},
          {"resident", engine.resident},
          {"environment", environment}};
}

Engine engine_from_json(const json& value) {
  try {
    Engine engine;
    for (const json& word : value.at("command"))
      engine.command.push_back(base::bytes_of_text(word.get<std::string>()));
    engine.starts_ranks = value.at("ranks") == "engine";
    engine.resident = value.at("resident").get<bool>();
    for (const auto& [name, text] : value.at("environment").items())
      engine.environment[name] = base::bytes_of_text(text.get<std::string>());
    return engine;
  } catch (const json::exception& error) {
    throw InputError(fmt::format("the case's engine is damaged: {}", error.what()));
  }
}

}  // namespace isoframe::harness::scenario
