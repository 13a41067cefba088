#include "model/vision/image_header.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::model::vision {

namespace {

using File = std::span<const std::uint8_t>;

/// Thrown where a file goes on beyond its end; becomes an InputError with the file's name.
struct EndsEarly {};

File part(File file, std::size_t offset, std::size_t size) {
  if (offset > file.size() || size > file.size() - offset) throw EndsEarly();
  return file.subspan(offset, size);
}

std::uint32_t big_endian(File file, std::size_t offset, std::size_t bytes) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : part(file, offset, bytes)) value = value << 8U | byte;
  return value;
}

std::uint32_t little_endian(File file, std::size_t offset, std::size_t bytes) {
  std::uint32_t value = 0;
  const File digits = part(file, offset, bytes);
  for (auto byte = digits.rbegin(); byte != digits.rend(); ++byte) value = value << 8U | *byte;
  return value;
}

bool begins_with(File file, std::string_view text) {
  return file.size() >= text.size() && std::equal(text.begin(), text.end(), file.begin(), [](char a, auto b) {
           return static_cast<std::uint8_t>(a) == b;
         });
}

constexpr std::string_view kExif("Exif\0\0", 6);

/// The orientation in an EXIF block, 1 where there is none or the block is damaged: no reason to refuse a
/// picture.
int exif_orientation(File block) {
  constexpr std::uint32_t kOrientationTag = 0x0112;
  constexpr std::size_t kEntryBytes = 12;
  if (begins_with(block, kExif)) block = block.subspan(kExif.size());
  const auto number = begins_with(block, "MM") ? big_endian : little_endian;
  try {
    const std::size_t directory = number(block, 4, 4);
    const std::size_t entries = number(block, directory, 2);
    for (std::size_t entry = 0; entry < entries; ++entry) {
      const std::size_t at = directory + 2 + kEntryBytes * entry;
      if (number(block, at, 2) != kOrientationTag) continue;
      const auto value = static_cast<int>(number(block, at + 8, 2));
      return value >= 1 && value <= 8 ? value : 1;
    }
  } catch (const EndsEarly&) {
  }
  return 1;
}

ImageHeader read_png(File file) {
  constexpr std::size_t kSignatureBytes = 8;
  ImageHeader header;
  for (std::size_t at = kSignatureBytes;;) {
    const std::size_t size = big_endian(file, at, 4);
    const File type = part(file, at + 4, 4);
    const File data = part(file, at + 8, size);
    if (begins_with(type, "IHDR")) {
      header.width = big_endian(data, 0, 4);
      header.height = big_endian(data, 4, 4);
    } else if (begins_with(type, "eXIf")) {
      header.orientation = exif_orientation(data);
    } else if (begins_with(type, "IEND")) {
      return header;
    }
    at += size + 12;  // its length, type and checksum
  }
}

bool is_frame_header(std::uint32_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

ImageHeader read_jpeg(File file, const std::string& origin) {
  constexpr std::uint32_t kStartOfScan = 0xDA, kExifSegment = 0xE1;
  constexpr std::array<std::uint8_t, 2> kEndOfImage = {0xFF, 0xD9};
  ImageHeader header;
  std::size_t at = 2;
  for (;;) {
    if (big_endian(file, at, 1) != 0xFF) throw EndsEarly();
    while (big_endian(file, at, 1) == 0xFF) ++at;  // a marker may be preceded by filling
    const std::uint32_t marker = big_endian(file, at++, 1);
    if (marker == kStartOfScan) break;
    const std::size_t size = big_endian(file, at, 2);
    const File data = part(file, at + 2, std::max<std::size_t>(size, 2) - 2);
    if (is_frame_header(marker)) {
      constexpr std::uint32_t kCmyk = 4;
      header.height = big_endian(data, 1, 2);
      header.width = big_endian(data, 3, 2);
      if (big_endian(data, 5, 1) == kCmyk)
        throw InputError(fmt::format("{}: a JPEG image in CMYK; save it in RGB", origin));
    } else if (marker == kExifSegment && begins_with(data, kExif)) {
      header.orientation = exif_orientation(data);
    }
    at += std::max<std::size_t>(size, 2);
  }
  // Every other 0xFF within a scan is followed by a zero, so this is the end or it is missing.
  const File scans = file.subspan(at);
  if (std::search(scans.begin(), scans.end(), kEndOfImage.begin(), kEndOfImage.end()) == scans.end())
    throw EndsEarly();
  return header;
}

ImageHeader read_webp(File file, const std::string& origin) {
  constexpr std::size_t kRiffBytes = 12;
  constexpr std::uint32_t kFourteenBits = 0x3FFF, kAnimated = 0x02;
  const std::size_t end = std::size_t{little_endian(file, 4, 4)} + 8;
  part(file, 0, end);
  ImageHeader header;
  for (std::size_t at = kRiffBytes; at + 8 <= end;) {
    const File type = part(file, at, 4);
    const std::size_t size = little_endian(file, at + 4, 4);
    const File data = part(file, at + 8, size);
    if (begins_with(type, "VP8X")) {
      if ((little_endian(data, 0, 1) & kAnimated) != 0)
        throw InputError(fmt::format("{}: an animated WebP; give a still image", origin));
    } else if (begins_with(type, "VP8L")) {
      const std::uint32_t sides = little_endian(data, 1, 4);
      header.width = (sides & kFourteenBits) + 1;
      header.height = (sides >> 14U & kFourteenBits) + 1;
    } else if (begins_with(type, "VP8 ")) {
      header.width = little_endian(data, 6, 2) & kFourteenBits;
      header.height = little_endian(data, 8, 2) & kFourteenBits;
    } else if (begins_with(type, "EXIF")) {
      header.orientation = exif_orientation(data);
    }
    at += 8 + size + size % 2;
  }
  return header;
}

}  // namespace

ImageHeader read_image_header(File file, const std::string& origin) {
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
