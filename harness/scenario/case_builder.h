#pragma once
// One draft -> one Case: types, ranges and the rules between a case's own keys.

#include <filesystem>

#include "harness/scenario/case.h"
#include "harness/scenario/expand.h"

namespace isoframe::harness::scenario {

/// Throws ScenarioError at the value that breaks a rule.
Case build_case(const Draft& draft, const std::filesystem::path& checkpoint);

/// Why this build on this machine cannot run the case, which is no error; empty where it can.
std::string reason_to_skip(const Case& spec);

}  // namespace isoframe::harness::scenario
