#pragma once
// Engines that are no isoframe, as a scenario file describes them.

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace isoframe::harness::scenario {

/// The name of our own ranks.
inline constexpr const char* kIsoframe = "isoframe";

/// A program that makes frames and speaks the protocol of harness/engine/README.md.
struct Engine {
  std::vector<std::string> command;  ///< argv
  bool starts_ranks = false;         ///< one process that starts its own ranks, in place of a process a rank
  bool resident = true;              ///< whether it can stay between rounds
  std::map<std::string, std::string> environment;  ///< added to this process's own

  bool operator==(const Engine&) const = default;
};

nlohmann::json to_json(const Engine& engine);
/// Throws InputError for a damaged one.
Engine engine_from_json(const nlohmann::json& json);

}  // namespace isoframe::harness::scenario
