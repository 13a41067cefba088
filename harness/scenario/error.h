#pragma once

#include <string>

#include "base/error.h"
#include "harness/scenario/case.h"

namespace isoframe::harness::scenario {

/// What is wrong in a scenario file.  Its line starts with the place ("file:line:column: "), so that editors
/// and terminals can jump there: print it without a prefix.
class ScenarioError : public InputError {
 public:
  /// Line breaks and other control characters in `message`, which may quote the file, are shown as escapes.
  ScenarioError(const Location& where, const std::string& message);
};

/// act(), whose InputError is thrown on with the case and its place, where the case comes from a file.
template <typename Act>
auto naming_case(const Case& spec, const Act& act) {
  try {
    return act();
  } catch (const InputError& error) {
    if (spec.where.file.empty()) throw;
    throw ScenarioError(spec.where, "case '" + spec.name + "': " + error.what());
  }
}

}  // namespace isoframe::harness::scenario
