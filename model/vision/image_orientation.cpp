#include "model/vision/image_orientation.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <set>
#include <string_view>

#include "model/vision/image_bytes.h"

namespace isoframe::model::vision {

namespace {

/// The types of a TIFF file's values.  Those that are not here are skipped.
enum class Kind { kText, kUnsigned, kSigned, kRatio, kSignedRatio, kFloat };
struct Type {
  std::uint64_t number;
  std::size_t bytes;
  Kind kind;
};
constexpr std::array kTypes = {
    Type{1, 1, Kind::kText},          // BYTE, which Pillow keeps as text: no number
    Type{2, 1, Kind::kText},          // ASCII
    Type{3, 2, Kind::kUnsigned},      // SHORT
    Type{4, 4, Kind::kUnsigned},      // LONG
    Type{5, 8, Kind::kRatio},         // RATIONAL
    Type{6, 1, Kind::kSigned},        // SBYTE
    Type{7, 1, Kind::kText},          // UNDEFINED
    Type{8, 2, Kind::kSigned},        // SSHORT
    Type{9, 4, Kind::kSigned},        // SLONG
    Type{10, 8, Kind::kSignedRatio},  // SRATIONAL
    Type{11, 4, Kind::kFloat},        // FLOAT
    Type{12, 8, Kind::kFloat},        // DOUBLE
    Type{13, 4, Kind::kUnsigned},     // IFD
    Type{16, 8, Kind::kUnsigned},     // LONG8
};

using Number = std::uint64_t (*)(Bytes, std::size_t, std::size_t);

double signed_value(std::uint64_t value, std::size_t bytes) {
  const auto unused = static_cast<unsigned>(64 - 8 * bytes);
  return static_cast<double>(static_cast<std::int64_t>(value << unused) >> unused);
}

/// The first value of an entry as a number; NaN for a text.
double first_value(Bytes data, const Type& type, Number number) {
  const std::uint64_t value =
      type.kind == Kind::kText ? 0 : number(data, 0, std::min<std::size_t>(type.bytes, 8));
  switch (type.kind) {
    case Kind::kText:
      return std::nan("");
    case Kind::kUnsigned:
      return static_cast<double>(value);
    case Kind::kSigned:
      return signed_value(value, type.bytes);
    case Kind::kRatio:
      return static_cast<double>(number(data, 0, 4)) / static_cast<double>(number(data, 4, 4));
    case Kind::kSignedRatio:
      return signed_value(number(data, 0, 4), 4) / signed_value(number(data, 4, 4), 4);
    case Kind::kFloat:
      break;
  }
  return type.bytes == 4 ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(value)))
                         : std::bit_cast<double>(value);
}

int turn_of(double value) {
  return value >= 1.0 && value <= 8.0 && value == std::floor(value) ? static_cast<int>(value) : 1;
}

/// The orientation in a directory of a TIFF file: of each tag's entries, the first that can be read.  Where
/// the file ends early the entries before that count, and where the values together are longer than the file,
/// those that still fit.
std::optional<int> directory_orientation(Bytes file, std::size_t directory, Number number) {
  constexpr std::uint64_t kOrientationTag = 0x0112;
  constexpr std::size_t kEntryBytes = 12, kInlineBytes = 4;
  try {
    const std::uint64_t entries = number(file, directory, 2);
    std::uint64_t far_bytes = 0;
    std::set<std::uint64_t> read;
    for (std::uint64_t entry = 0; entry < entries; ++entry) {
      const Bytes fields = part(file, directory + 2 + kEntryBytes * entry, kEntryBytes);
      const std::uint64_t tag = number(fields, 0, 2), kind = number(fields, 2, 2);
      const auto* type =
          std::find_if(kTypes.begin(), kTypes.end(), [&](const Type& known) { return known.number == kind; });
      if (type == kTypes.end() || read.contains(tag)) continue;
      const std::size_t size = number(fields, 4, 4) * type->bytes;
      Bytes data = fields.subspan(8, std::min(size, kInlineBytes));
      if (size > kInlineBytes) {
        far_bytes += size;
        if (far_bytes > file.size()) continue;
        data = part(file, number(fields, 8, 4), size);
      }
      if (size == 0) continue;
      if (tag == kOrientationTag) return turn_of(first_value(data, *type, number));
      read.insert(tag);
    }
  } catch (const EndsEarly&) {
  }
  return {};
}

/// Nothing where EXIF holds no orientation, so that XMP decides.
std::optional<int> exif_orientation(std::string_view exif) {
  constexpr std::string_view kMark("Exif\0\0", 6);
  constexpr std::array kHeads = {std::string_view("MM\0\x2a", 4), std::string_view("II\x2a\0", 4),
                                 std::string_view("MM\x2a\0", 4), std::string_view("II\0\x2a", 4),
                                 std::string_view("MM\0\x2b", 4)};
  for (int marks = 0; marks < 2 && exif.starts_with(kMark); ++marks) exif.remove_prefix(kMark.size());
  if (exif.empty()) return {};
  const bool is_tiff = std::any_of(kHeads.begin(), kHeads.end(),
                                   [&](std::string_view head) { return exif.starts_with(head); });
  if (!is_tiff || exif.size() < 8) return 1;
  const Bytes file = bytes_of(exif);
  const Number number = exif.starts_with("MM") ? big_endian : little_endian;
  return directory_orientation(file, number(file, 4, 4), number);
}

int xmp_orientation(std::string_view xmp) {
  constexpr std::string_view kName = "tiff:Orientation";
  for (std::size_t at = xmp.find(kName); at != std::string_view::npos; at = xmp.find(kName, at + 1)) {
    std::string_view rest = xmp.substr(at + kName.size());
    if (rest.starts_with("=\"")) {
      rest.remove_prefix(2);
    } else if (rest.starts_with(">")) {
      rest.remove_prefix(1);
    } else {
      continue;
    }
    if (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') return turn_of(rest.front() - '0');
  }
  return 1;
}

}  // namespace

int orientation_of(const ImageMetadata& metadata) {
  std::optional<int> orientation;
  if (metadata.exif) orientation = exif_orientation(*metadata.exif);
  return orientation ? *orientation : xmp_orientation(metadata.xmp);
}

}  // namespace isoframe::model::vision
