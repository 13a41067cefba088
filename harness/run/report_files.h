#pragma once
// The documents of a run directory, from run.json and the cases' folders.

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/run/run_directory.h"
#include "harness/scenario/case.h"

namespace isoframe::harness::run {

/// Writes report.md, report.html, junit.xml and trace.json, and what GitHub Actions shows where it runs this.
/// `results` are the cases' result.json, by name.
void write_reports(const nlohmann::json& run, const std::vector<scenario::Case>& cases,
                   const std::map<std::string, nlohmann::json>& results, const RunDirectory& directory);

}  // namespace isoframe::harness::run
