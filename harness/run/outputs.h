#pragma once
// Moves rank 0's files to the folder that people look into, and adds a video.

#include <filesystem>

namespace isoframe::harness::run {

/// Moves frames.safetensors and latents.safetensors and writes video.mp4 of the frames.
void keep_outputs(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace isoframe::harness::run
