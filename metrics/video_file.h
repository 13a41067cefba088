#pragma once
// Frames from files that other programs wrote.

#include <filesystem>

#include "metrics/frames.h"

namespace isoframe::metrics {

/// A video file (whatever OpenCV's FFmpeg decodes) or a folder of .png images, ordered by name with numbers
/// read as numbers (frame_2 before frame_10).  Throws InputError when there is nothing to read, a file is
/// damaged, or images differ in size.
ByteVideo read_video(const std::filesystem::path& path);

}  // namespace isoframe::metrics
