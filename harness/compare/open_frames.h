#pragma once
// Opens frames of any engine, in any form that they come in.

#include <filesystem>
#include <memory>

#include "metrics/frame_reader.h"

namespace isoframe::harness::compare {

/// Opens a video file, a folder of images, a .safetensors file with `frames` (float32, bfloat16 or float16
/// [F, H, W, 3] in [0, 1]), or a folder that holds frames.safetensors, such as a case's in a run.  Throws
/// InputError for anything else.
std::unique_ptr<metrics::FrameReader> open_frames(const std::filesystem::path& path);

}  // namespace isoframe::harness::compare
