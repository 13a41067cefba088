#pragma once
// What rank 0 left, moved to where people look, with a video beside it.

#include <filesystem>

namespace isoframe::harness::run {

/// Moves frames.safetensors and latents.safetensors and writes video.mp4 of the frames.
void keep_outputs(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace isoframe::harness::run
