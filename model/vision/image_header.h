#pragma once
// A picture file's header, read before its pixels are decoded.

#include <cstdint>
#include <span>
#include <string>

namespace isoframe::model::vision {

struct ImageHeader {
  std::int64_t height = 0;  ///< as stored, before the orientation is applied
  std::int64_t width = 0;
  int orientation = 1;  ///< by EXIF's numbers, 1 to 8

  /// Orientations 5 to 8 swap the sides.
  bool is_turned() const { return orientation >= 5; }
};

/// Reads a PNG, JPEG or still WebP file's header.  Throws InputError, starting with `origin`, for anything
/// else: a file of another kind, one that ends early, an animation, CMYK.
ImageHeader read_image_header(std::span<const std::uint8_t> file, const std::string& origin);

}  // namespace isoframe::model::vision
