#pragma once
// Plans for people and for programs.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/plan/case_plan.h"

namespace isoframe::harness::plan {

/// A paragraph and two tables: ranks, then stages; with a device, bounds too.
std::string text_of(const CasePlan& plan, const std::optional<Device>& device);

/// The schema is in harness/store/README.md.
nlohmann::json to_json(const CasePlan& plan, const std::optional<Device>& device);

}  // namespace isoframe::harness::plan
