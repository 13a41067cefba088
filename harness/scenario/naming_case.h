#pragma once

#include "harness/scenario/case.h"
#include "harness/scenario/error.h"

namespace isoframe::harness::scenario {

/// Calls act(); an InputError is rethrown as a ScenarioError that names the case and its place in the file.
/// For a case from the command line, which has no place, it stays as it is.
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
