#pragma once
// Images as frames.

#include <filesystem>
#include <memory>

namespace isoframe::metrics {

class FrameReader;

/// True for a name that ends as a frame's in a folder does.
bool is_image_file(const std::filesystem::path& file);

/// Opens one image as a video of one frame, read as a folder's are.
std::unique_ptr<FrameReader> open_image_file(const std::filesystem::path& file);

}  // namespace isoframe::metrics
