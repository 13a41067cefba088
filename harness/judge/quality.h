#pragma once
// Two frames.safetensors in, the `quality` of result.json out.

#include <filesystem>
#include <string>

#include "reports/records/metrics.h"

namespace isoframe::harness::judge {

/// All metrics on 8-bit frames, differences on float frames and on the final latents beside them, and whether
/// the numbers can be trusted at all. `reference` is the reference's name in the result.  Throws InputError
/// if a file is missing or the two have different sizes.
reports::records::Quality compare_frames(const std::filesystem::path& reference_file,
                                         const std::filesystem::path& candidate_file,
                                         const std::string& reference);

}  // namespace isoframe::harness::judge
