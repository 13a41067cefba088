#pragma once
// Options of a case, one for each key that has one (harness/scenario/case_keys.h): the arguments of
// `generate` and `trace`.

#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "harness/scenario/case.h"
#include "harness/scenario/case_keys.h"

namespace isoframe::harness::cli {

/// Must outlive the command to which it is added.
class CaseOptions {
 public:
  /// Not `is_required`: who asks for another case may leave out those that a case needs.
  void add_to(CLI::App& command, bool is_required = true);
  /// Names of the options that were given.
  std::vector<std::string> given() const;
  /// Throws CLI::RequiredError for one that a case needs and that was not given.
  void require_all() const;
  /// The case that they ask for, named after the folder `out`.  Throws InputError for one that cannot be, or
  /// that this build or machine cannot compute.
  scenario::Case build(const std::string& out) const;

 private:
  struct KeyOption {
    const scenario::CaseKey* key;
    CLI::Option* option;
  };

  std::vector<KeyOption> keys_;
  std::map<std::string, std::string> texts_;  ///< of options with a value, by key
};

}  // namespace isoframe::harness::cli
