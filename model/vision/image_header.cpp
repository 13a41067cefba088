#include "model/vision/image_header.h"

#include <algorithm>
#include <string_view>
#include <zlib.h>

#include <fmt/format.h>

#include "base/error.h"
#include "model/vision/image_bytes.h"
#include "model/vision/image_orientation.h"
#include "model/vision/png_text.h"

namespace isoframe::model::vision {

namespace {

constexpr std::string_view kExif("Exif\0\0", 6);

ImageHeader read_png(Bytes file) {
  constexpr std::size_t kSignatureBytes = 8;
  ImageHeader header;
  PngMetadata metadata;
  bool before_pixels = true;
  for (std::size_t at = kSignatureBytes;;) {
    const std::size_t size = big_endian(file, at, 4);
    const std::string_view type = text_of(part(file, at + 4, 4));
    const Bytes data = part(file, at + 8, size);
    // Pillow holds each chunk before the pixels against its checksum, and none behind them; libpng checks
    // IHDR's.
    before_pixels = before_pixels && type != "IDAT";
    if (before_pixels && type != "IHDR" &&
        big_endian(file, at + 8 + size, 4) != crc32(0, &file[at + 4], static_cast<uInt>(4 + size)))
      throw EndsEarly();
    if (type == "IHDR") {
      header.width = static_cast<std::int64_t>(big_endian(data, 0, 4));
      header.height = static_cast<std::int64_t>(big_endian(data, 4, 4));
    } else if (type == "IEND") {
      header.orientation = orientation_of(metadata.result());
      return header;
    }
    metadata.add(type, data);
    at += size + 12;  // its length, type and checksum
  }
}

bool is_frame_header(std::uint64_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/// Markers without a segment: a stuffed zero, TEM, RST0 to RST7, SOI, EOI.
bool stands_alone(std::uint64_t marker) { return marker <= 0x01 || (marker >= 0xD0 && marker <= 0xD9); }

/// Adds an APP1 segment to the metadata.  EXIF goes on from segment to segment; the last XMP counts.
void add_application_segment(Bytes data, ImageMetadata& metadata) {
  constexpr std::string_view kXmp("http://ns.adobe.com/xap/1.0/\0", 29);
  const std::string_view text = text_of(data);
  if (text.starts_with(kExif)) {
    metadata.exif = metadata.exif.value_or("").append(text.substr(kExif.size()));
  } else if (text.starts_with(kXmp)) {
    metadata.xmp = text.substr(kXmp.size());
  }
}

ImageHeader read_jpeg(Bytes file, const std::string& origin) {
  constexpr std::uint64_t kStartOfScan = 0xDA, kApplicationSegment = 0xE1;
  constexpr std::string_view kEndOfImage = "\xFF\xD9";
  ImageHeader header;
  ImageMetadata metadata;
  std::size_t at = 2;
  for (;;) {
    // Bytes that belong to nobody may precede a marker, and any number of 0xFF begins it.
    while (big_endian(file, at, 1) != 0xFF) ++at;
    while (big_endian(file, at, 1) == 0xFF) ++at;
    const std::uint64_t marker = big_endian(file, at++, 1);
    if (stands_alone(marker)) continue;
    const std::size_t size = std::max<std::size_t>(big_endian(file, at, 2), 2);
    const Bytes data = part(file, at + 2, size - 2);
    at += size;
    if (marker == kStartOfScan) break;
    if (is_frame_header(marker)) {
      constexpr std::uint64_t kCmyk = 4;
      header.height = static_cast<std::int64_t>(big_endian(data, 1, 2));
      header.width = static_cast<std::int64_t>(big_endian(data, 3, 2));
      if (big_endian(data, 5, 1) == kCmyk)
        throw InputError(fmt::format("{}: a JPEG image in CMYK; save it in RGB", origin));
    } else if (marker == kApplicationSegment) {
      add_application_segment(data, metadata);
    }
  }
  // Every other 0xFF within a scan is followed by a zero, so this is the end or it is missing.
  if (text_of(file).find(kEndOfImage, at) == std::string_view::npos) throw EndsEarly();
  header.orientation = orientation_of(metadata);
  return header;
}

ImageHeader read_webp(Bytes file, const std::string& origin) {
  constexpr std::size_t kRiffBytes = 12;
  constexpr std::uint64_t kFourteenBits = 0x3FFF, kAnimated = 0x02, kHasXmp = 0x04, kHasExif = 0x08;
  const std::size_t end = little_endian(file, 4, 4) + 8;
  part(file, 0, end);
  ImageHeader header;
  ImageMetadata metadata;
  std::uint64_t features = 0;
  for (std::size_t at = kRiffBytes; at + 8 <= end;) {
    const std::string_view type = text_of(part(file, at, 4));
    const std::size_t size = little_endian(file, at + 4, 4);
    const Bytes data = part(file, at + 8, size);
    if (type == "VP8X") {
      features = little_endian(data, 0, 1);
      if ((features & kAnimated) != 0)
        throw InputError(fmt::format("{}: an animated WebP; give a still image", origin));
    } else if (type == "VP8L") {
      const std::uint64_t sides = little_endian(data, 1, 4);
      header.width = static_cast<std::int64_t>((sides & kFourteenBits) + 1);
      header.height = static_cast<std::int64_t>((sides >> 14U & kFourteenBits) + 1);
    } else if (type == "VP8 ") {
      header.width = static_cast<std::int64_t>(little_endian(data, 6, 2) & kFourteenBits);
      header.height = static_cast<std::int64_t>(little_endian(data, 8, 2) & kFourteenBits);
    } else if (type == "EXIF" && (features & kHasExif) != 0 && !metadata.exif) {
      metadata.exif = std::string(text_of(data));
    } else if (type == "XMP " && (features & kHasXmp) != 0 && metadata.xmp.empty()) {
      metadata.xmp = std::string(text_of(data));
    }
    at += 8 + size + size % 2;
  }
  header.orientation = orientation_of(metadata);
  return header;
}

}  // namespace

ImageHeader read_image_header(Bytes file, const std::string& origin) {
  try {
    if (begins_with(file, "\x89PNG\r\n\x1a\n")) return read_png(file);
    if (begins_with(file, "\xFF\xD8\xFF")) return read_jpeg(file, origin);
    if (begins_with(file, "RIFF") && file.size() > 12 && begins_with(file.subspan(8), "WEBP"))
      return read_webp(file, origin);
  } catch (const EndsEarly&) {
    throw InputError(fmt::format("{}: the image is damaged or cut off", origin));
  }
  throw InputError(fmt::format("{}: not a PNG, JPEG or WebP image", origin));
}

}  // namespace isoframe::model::vision
