#pragma once
// The files that a round leaves for people and programs: frames, latents, and a video of them.

#include <filesystem>
#include <string>

namespace isoframe::harness::run {

/// Moves frames.safetensors and latents.safetensors from one folder to another, where their names are on disk
/// when it returns.
void keep_outputs(const std::filesystem::path& from, const std::filesystem::path& to);

/// Makes video.mp4 of a folder's frames unless a whole one is there.  Returns why that could not be done, or
/// an empty string: a video is for people, and nothing is measured by it.
std::string keep_video(const std::filesystem::path& folder);

}  // namespace isoframe::harness::run
