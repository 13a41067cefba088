#pragma once
// Defaults, cases and matrices -> one draft a case.

#include <string>
#include <vector>

#include "harness/scenario/settings.h"

namespace isoframe::harness::scenario {

struct Draft {
  std::string name;
  Location name_where;
  Location where;  ///< of the case in the file
  Settings settings;

  /// Of the value of `key`, or of the case where it is not given.
  const Location& location_of(const std::string& key) const;
};

/// In file order; a matrix gives its product, the last axis varying fastest.  `defaults` may be null.  Names
/// are filename-safe; whether they are unique is for the caller, who knows all files.
std::vector<Draft> expand_cases(const Value* defaults, const Value& cases);

}  // namespace isoframe::harness::scenario
