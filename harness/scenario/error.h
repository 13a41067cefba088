#pragma once

#include <string>

#include "base/error.h"
#include "harness/scenario/location.h"

namespace isoframe::harness::scenario {

/// An error in a scenario file.  Its line starts with the place ("file:line:column: "), so that editors and
/// terminals can jump there: print it without a prefix.
class ScenarioError : public InputError {
 public:
  /// Takes a `message` that may quote the file; shows its line breaks and other control characters as
  /// escapes.
  ScenarioError(const Location& where, const std::string& message);
};

/// Throws a ScenarioError, or an InputError where `where` is no place in a file: a value from the command
/// line.
[[noreturn]] void fail_at(const Location& where, const std::string& message);

}  // namespace isoframe::harness::scenario
