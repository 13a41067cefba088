#pragma once
// What two cases must share, by the roles of their keys.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/scenario/case.h"

namespace isoframe::harness::scenario {

/// The values of all keys that a measurement depends on, by their names in a case's JSON: everything but
/// bookkeeping.
nlohmann::json measured_key(const Case& spec);

/// Whether a measurement whose measured_key() was `earlier` is one of `spec`.  A key that `earlier` does not
/// have came later and had its default.
bool is_measured_as(const Case& spec, const nlohmann::json& earlier);

/// "steps: 50 then, 4 now" for each key that makes two runs of a case incomparable; `earlier` is the earlier
/// case's JSON.  A checkpoint or an image is told by its file name, as another checkout has it elsewhere.
std::vector<std::string> differences(const Case& spec, const nlohmann::json& earlier);

}  // namespace isoframe::harness::scenario
