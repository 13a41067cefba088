#pragma once
// A case as JSON: how it travels to its ranks and into results.

#include <nlohmann/json_fwd.hpp>

#include "harness/scenario/case.h"
#include "harness/scenario/case_keys.h"

namespace isoframe::harness::scenario {

/// Every field under its own name; layout as text, unset gates absent, infinity as "inf".  case_from_json()
/// is its inverse.
nlohmann::json to_json(const Case& spec);
/// The keys alone whose values ranks hold for at least so long.
nlohmann::json held_json(const Case& spec, Holds least);
Case case_from_json(const nlohmann::json& json);

}  // namespace isoframe::harness::scenario
