#pragma once
// Generates one video under one layout, outside any suite.

#include <atomic>
#include <filesystem>
#include <string>

#include "harness/scenario/case.h"
#include "reports/records/case_result.h"

namespace isoframe::harness::run {

/// Generates one video, leaves frames.safetensors, latents.safetensors, video.mp4 and result.json in `out`
/// and returns the result.  Throws InputError before loading for what cannot be done, RunError when a rank
/// failed or the run was interrupted.
reports::records::CaseResult generate(scenario::Case spec, const std::filesystem::path& out,
                                      const std::string& command, const std::atomic<bool>* interrupted);

}  // namespace isoframe::harness::run
