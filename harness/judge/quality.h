#pragma once
// Two frames.safetensors in, the `quality` object of result.json out.

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "metrics/comparison.h"

namespace isoframe::harness::judge {

/// Every metric under its key in `quality` (harness/store/README.md); what was not measured is null.
nlohmann::json to_json(const metrics::Comparison& comparison);

/// All metrics on 8-bit frames, differences on float frames, and whether the numbers can be trusted at all.
/// `reference` is the reference's name in the result.  Throws InputError when a file is missing or the two
/// have different sizes.
nlohmann::json compare_frames(const std::filesystem::path& reference_file,
                              const std::filesystem::path& candidate_file, const std::string& reference);

}  // namespace isoframe::harness::judge
