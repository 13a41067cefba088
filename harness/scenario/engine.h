#pragma once
// Engines that are no isoframe, as a scenario file describes them.

#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace isoframe::harness::scenario {

struct Case;
struct Suite;
class Value;

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

/// Reads `engines` of a scenario file, by their names.
std::map<std::string, Engine> read_engines(const Value& engines);
/// The JSON Schema of `engines`.
nlohmann::ordered_json engines_schema();
/// Markdown table of an engine's keys.
std::string engine_table_text();

nlohmann::json to_json(const Engine& engine);
/// Throws InputError for a damaged one.
Engine engine_from_json(const nlohmann::json& json);

/// True if another engine than our own runs the case.
bool is_foreign(const Case& spec);

/// Engines whose commands may run, as the command line says.
struct AllowedEngines {
  bool all = false;
  std::set<std::string> names = {};
};
/// Throws ScenarioError for the first case whose engine's command may not run: it comes from a file that may
/// be anybody's.  InputError for a name that no case of the suite has.
void check_allowed(const Suite& suite, const AllowedEngines& allowed);

}  // namespace isoframe::harness::scenario
