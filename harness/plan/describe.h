#pragma once
// Plans as text for people and as JSON for programs.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/plan/case_plan.h"

namespace isoframe::harness::plan {

/// Describes a plan in a paragraph and two tables, ranks and stages; with a device, with their bounds.
std::string text_of(const CasePlan& plan, const std::optional<Device>& device);

/// A plan as `validate --plan --json` prints it (reports/records/README.md).
nlohmann::json to_json(const CasePlan& plan, const std::optional<Device>& device);

}  // namespace isoframe::harness::plan
