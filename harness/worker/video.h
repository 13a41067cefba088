#pragma once
// frames.safetensors -> video.mp4, for people.

#include <filesystem>

namespace isoframe::harness::worker {

void write_video_of(const std::filesystem::path& frames_file, const std::filesystem::path& video_file);

}  // namespace isoframe::harness::worker
