#pragma once
// From the records that ranks left to a case's result.json.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/scenario/case.h"

namespace isoframe::harness::run {

/// `rounds` are the ranks' records of each measured round, in order; `error` null unless a round failed.
nlohmann::json assemble_result(const scenario::Case& spec, const std::vector<nlohmann::json>& rounds,
                               const nlohmann::json& error, const nlohmann::json& environment,
                               const std::string& command);

/// Whether a result holds a whole case's measurements: no round failed, and there was one.
bool is_measured(const nlohmann::json& result);

/// The case's row in run.json.  `baseline` is its baseline's result, null without one.
nlohmann::json summary_row(const scenario::Case& spec, const nlohmann::json& result,
                           const nlohmann::json& baseline);

}  // namespace isoframe::harness::run
