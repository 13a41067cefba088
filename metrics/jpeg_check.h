#pragma once
// Damage that libjpeg paints over.

#include <filesystem>

namespace isoframe::metrics {

/// Reads a JPEG file's entropy-coded data to its end.  Throws InputError naming the file where libjpeg would
/// warn, or refuse: a file that is cut off is a warning to it, and grey pixels.
void check_jpeg(const std::filesystem::path& file);

}  // namespace isoframe::metrics
