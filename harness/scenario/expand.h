#pragma once
// Expands defaults, cases and matrices into one draft a case.

#include <string>
#include <vector>

#include "harness/scenario/settings.h"

namespace isoframe::harness::scenario {

struct Draft {
  std::string name;
  Location name_where = {};
  Location where = {};  ///< of the case in the file
  Settings settings;

  /// True if `generate` was given the settings, as options, and not a file.
  bool is_from_options = false;

  /// Name by which errors call a key: by its name in a file, by its option on the command line.
  std::string called(const std::string& key) const;
  /// Place of the value of `key`, or of the case where it is not given.
  const Location& location_of(const std::string& key) const;
};

/// Returns the drafts in file order; a matrix gives its product, the last axis varying fastest.  `defaults`
/// may be null.  Names are filename-safe; whether they are unique is for the caller, who knows all files.
std::vector<Draft> expand_cases(const Value* defaults, const Value& cases);

}  // namespace isoframe::harness::scenario
