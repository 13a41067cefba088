#pragma once
// One video under one layout, outside any suite.

#include <atomic>
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/scenario/case.h"

namespace isoframe::harness::run {

/// Leaves frames.safetensors, latents.safetensors, video.mp4 and result.json in `out` and returns the result.
/// Throws InputError before loading for what cannot be done, RunError when a rank failed or the run was
/// interrupted.
nlohmann::json generate(scenario::Case spec, const std::filesystem::path& out, const std::string& command,
                        const std::atomic<bool>* interrupted);

}  // namespace isoframe::harness::run
