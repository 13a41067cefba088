#include "reports/records/origin.h"

#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace isoframe::reports::records {

namespace {

using Prints = std::map<std::string, std::string>;

/// The names whose values differ, or that only one side has.
std::vector<std::string> differing_names(const Prints& now, const Prints& earlier) {
  std::set<std::string> names;
  for (const auto& [name, print] : now)
    if (!earlier.contains(name) || earlier.at(name) != print) names.insert(name);
  for (const auto& [name, print] : earlier)
    if (!now.contains(name)) names.insert(name);
  return {names.begin(), names.end()};
}

std::string list_of(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, "; "));
}

std::string program_of(const Origin& origin) {
  const ProgramVersion& isoframe = origin.environment.isoframe;
  return fmt::format("isoframe {} of commit {}, {}", isoframe.version, isoframe.commit, origin.program);
}

}  // namespace

std::vector<std::string> differences(const Origin& now, const Origin& earlier) {
  std::vector<std::string> found;
  if (now.program != earlier.program)
    found.push_back(fmt::format("program: {} then, {} now", program_of(earlier), program_of(now)));
  if (const auto names = differing_names(now.libraries, earlier.libraries); !names.empty())
    found.push_back(fmt::format("other builds of libraries: {}", fmt::join(names, ", ")));
  if (const auto parts = differing_names(now.checkpoint, earlier.checkpoint); !parts.empty())
    found.push_back(fmt::format("checkpoint: other content in {}", fmt::join(parts, ", ")));
  if (now.image != earlier.image) found.push_back("image: other content");
  if (now.gpus != earlier.gpus)
    found.push_back(fmt::format("GPUs: {} then, {} now", list_of(earlier.gpus), list_of(now.gpus)));
  // What an engine tells when it has loaded is not known before.
  for (const auto& [name, value] : now.engine)
    if (const auto before = earlier.engine.find(name);
        before != earlier.engine.end() && before->second != value)
      found.push_back(fmt::format("engine's {}: {} then, {} now", name, before->second, value));
  for (const auto& [name, value, before] : differing_facts(now.environment, earlier.environment))
    found.push_back(fmt::format("{}: {} then, {} now", name, before, value));
  return found;
}

}  // namespace isoframe::reports::records
