#include "model/vision/png_text.h"

#include <optional>
#include <string_view>
#include <utility>
#include <zlib.h>

#include "base/text.h"

namespace isoframe::model::vision {

namespace {

constexpr char kDeflated = 0;
constexpr std::string_view kXmp = "XML:com.adobe.xmp", kRawProfile = "Raw profile type exif";

/// Splits at the first zero; nothing where there is none.
std::optional<std::pair<std::string_view, std::string_view>> split(std::string_view text) {
  const std::size_t zero = text.find('\0');
  if (zero == std::string_view::npos) return {};
  return std::pair(text.substr(0, zero), text.substr(zero + 1));
}

/// Inflates a text: as much of it as there is, and nothing where it is damaged or longer than any metadata.
std::optional<std::string> inflated(std::string_view packed) {
  constexpr std::size_t kLongest = 1U << 20U;
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return {};
  std::string text(kLongest, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int status = inflate(&stream, Z_SYNC_FLUSH);
  const bool is_whole = stream.avail_out > 0 || status == Z_STREAM_END;
  text.erase(kLongest - stream.avail_out);
  inflateEnd(&stream);
  const bool is_sound = status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR;
  return is_sound && is_whole ? std::optional(text) : std::nullopt;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The bytes of a raw profile: hexadecimal digits from the fourth line on, after its name and length.  Where
/// anything else comes, those before it.
std::string profile_of(std::string_view text) {
  for (int line = 0; line < 3; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  std::string bytes;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || (c >= '\t' && c <= '\r')) continue;
    const int digit = digit_of(c);
    if (digit < 0) break;
    if (high >= 0) bytes.push_back(static_cast<char>(16 * high + digit));
    high = high >= 0 ? -1 : digit;
  }
  return bytes;
}

}  // namespace

void PngMetadata::add_text(std::string_view keyword, std::string text) {
  if (keyword == kXmp) xmp_text_ = std::move(text);
  if (keyword == kRawProfile) raw_profile_ = std::move(text);
}

void PngMetadata::add(std::string_view type, Bytes data) {
  const std::string_view chunk = text_of(data);
  if (type == "eXIf") exif_ = std::string(chunk);
  if (type == "iTXt") add_international(chunk);
  if (type != "tEXt" && type != "zTXt") return;
  const auto [keyword, value] = split(chunk).value_or(std::pair(chunk, std::string_view()));
  if (type == "tEXt") {
    if (keyword == "exif") exif_ = std::string(value);
    add_text(keyword, std::string(value));
  } else if (value.empty() || value.front() == kDeflated) {
    add_text(keyword, inflated(value.substr(value.empty() ? 0 : 1)).value_or(""));
  }
}

void PngMetadata::add_international(std::string_view chunk) {
  const auto text = split(chunk);
  if (!text || text->second.size() < 2) return;
  const auto& [keyword, fields] = *text;
  const auto language = split(fields.substr(2));
  const auto translated = language ? split(language->second) : language;
  if (!translated) return;
  std::optional<std::string> value(translated->second);
  if (fields[0] != 0) value = fields[1] == kDeflated ? inflated(*value) : std::nullopt;
  if (!value) return;
  if (keyword == kXmp) xmp_bytes_ = *value;
  for (const std::string_view piece : {language->first, translated->first, std::string_view(*value)})
    if (base::first_invalid_byte(piece)) return;
  add_text(keyword, *value);
}

ImageMetadata PngMetadata::result() const {
  ImageMetadata metadata{exif_, xmp_text_.empty() ? xmp_bytes_ : xmp_text_};
  if (!exif_ && raw_profile_) metadata.exif = profile_of(*raw_profile_);
  return metadata;
}

}  // namespace isoframe::model::vision
