#pragma once
// Writes a video that people can open.

#include <cstdint>
#include <filesystem>

#include "metrics/frames.h"

namespace isoframe::reports {

/// The frame rate of diffusers' HunyuanVideo 1.5 examples (export_to_video(..., fps=15)).
inline constexpr int kVideoFps = 15;

/// Writes an MP4: H.264 where OpenCV's FFmpeg can encode it, else MPEG-4 part 2; yuv420p, so an odd last row
/// or column is doubled.  The file appears under its name only when it is complete.  It is lossy: never
/// measure it.  Throws RunError when it cannot be written, InputError when there are no frames.
void write_video(const std::filesystem::path& file, const metrics::ByteFrames& frames, int fps = kVideoFps);

/// True for a video with as many frames that was not cut short.
bool is_whole_video(const std::filesystem::path& file, std::int64_t frames);

}  // namespace isoframe::reports
