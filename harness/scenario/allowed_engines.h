#pragma once
// Engines whose commands may run: they come from a scenario file, which may be anybody's.

#include <set>
#include <string>
#include <vector>

#include "harness/scenario/suite.h"

namespace isoframe::harness::scenario {

struct AllowedEngines {
  bool all = false;
  std::set<std::string> names = {};

  /// The arguments of the command line that allow the same.
  std::vector<std::string> words() const;
};

/// Throws ScenarioError for the first case whose engine's command may not run, InputError for a name that no
/// case of the suite has.
void check_allowed(const Suite& suite, const AllowedEngines& allowed);

}  // namespace isoframe::harness::scenario
