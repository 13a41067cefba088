#pragma once
// Texts in PNG files, where programs put a picture's metadata.

#include <optional>
#include <string>
#include <string_view>

#include "model/vision/image_bytes.h"
#include "model/vision/image_orientation.h"

namespace isoframe::model::vision {

/// Collects the metadata of a PNG file, chunk by chunk, as Pillow finds them: in eXIf, and in the texts
/// "exif", "Raw profile type exif" (which ImageMagick writes) and "XML:com.adobe.xmp", compressed or not. The
/// last of each counts.  Reference: PIL.PngImagePlugin.PngStream (Pillow 13).
class PngMetadata {
 public:
  /// Takes a chunk; those that hold no metadata are ignored.
  void add(std::string_view type, Bytes data);
  ImageMetadata result() const;

 private:
  void add_international(std::string_view chunk);
  void add_text(std::string_view keyword, std::string text);

  std::optional<std::string> exif_, raw_profile_;
  std::string xmp_text_, xmp_bytes_;
};

}  // namespace isoframe::model::vision
