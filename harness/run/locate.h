#pragma once
// Runs a case and its baseline again, looking at every probe point, and names the first that differs.

#include <filesystem>

#include <nlohmann/json.hpp>

#include "harness/run/round.h"
#include "harness/scenario/case.h"

namespace isoframe::harness::run {

enum class Locate { kFailed, kDifferent, kNever };

/// The `first_divergence` object of result.json.  `directory` is made for what the runs leave, and removed.
///
/// Three runs: the case, each rank of which leaves fingerprints of its tensors; the baseline, which takes
/// fingerprints of the same parts of its own; and, where values differ, both once more for the one tensor.  A
/// difference that does not come again is reported as such, as is a run that fails.
nlohmann::json locate(const scenario::Case& spec, const scenario::Case& baseline, double tolerance,
                      const std::filesystem::path& directory, const RoundContext& context);

}  // namespace isoframe::harness::run
