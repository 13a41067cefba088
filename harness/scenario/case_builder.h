#pragma once
// Builds a Case from a draft: types, ranges and the rules between a case's own keys.

#include <map>
#include <string>

#include "harness/scenario/case.h"
#include "harness/scenario/expand.h"

namespace isoframe::harness::scenario {

/// The case of `draft`; `initial` has what holds where the draft says nothing.  Throws ScenarioError at the
/// value that breaks a rule, InputError with the same words for options of the command line.
Case build_case(const Draft& draft, const Case& initial);

/// Looks the case's engine up among those of its file.  Throws ScenarioError for one that is not there, and
/// for keys that are our own ranks' alone.
void settle_engine(const Draft& draft, Case& spec, const std::map<std::string, Engine>& engines);

/// The reason why this build on this machine cannot run the case, which is no error; empty if it can.
std::string reason_to_skip(const Case& spec);

}  // namespace isoframe::harness::scenario
