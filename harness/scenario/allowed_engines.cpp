#include "harness/scenario/allowed_engines.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/did_you_mean.h"
#include "base/error.h"
#include "base/shell.h"
#include "harness/scenario/error.h"

namespace isoframe::harness::scenario {

std::vector<std::string> AllowedEngines::words() const {
  if (all) return {"--allow-engines"};
  std::vector<std::string> words;
  for (const std::string& name : names) words.insert(words.end(), {"--allow-engine", name});
  return words;
}

void check_allowed(const Suite& suite, const AllowedEngines& allowed) {
  std::set<std::string> names;
  for (const Case& spec : suite.cases) {
    if (!is_foreign(spec)) continue;
    names.insert(spec.engine);
    if (allowed.all || allowed.names.contains(spec.engine)) continue;
    std::vector<std::string> words;
    for (const std::string& word : spec.program->command) words.push_back(base::shell_quoted(word));
    throw ScenarioError(
        spec.where,
        fmt::format("case '{}' runs engine '{}', whose command comes from the scenario file: "
                    "{}; if it may run, add --allow-engine {}, or --allow-engines for all",
                    spec.name, spec.engine, fmt::join(words, " "), base::shell_quoted(spec.engine)));
  }
  for (const std::string& name : allowed.names)
    if (!names.contains(name))
      throw InputError(fmt::format("--allow-engine {}: no case runs an engine of that name{}", name,
                                   base::did_you_mean(name, {names.begin(), names.end()})));
}

}  // namespace isoframe::harness::scenario
