#pragma once
// One draft -> one Case: types, ranges and the rules between a case's own keys.

#include <filesystem>

#include "harness/scenario/expand.h"

namespace isoframe::harness::scenario {

/// Throws ScenarioError at the value that breaks a rule.  What this version cannot run is no error: the case
/// gets a skip_reason.
Case build_case(const Draft& draft, const std::filesystem::path& checkpoint);

}  // namespace isoframe::harness::scenario
