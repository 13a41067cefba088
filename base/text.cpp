#include "base/text.h"

#include <charconv>

#include <fmt/format.h>
#include <utf8proc.h>

#include "base/error.h"

namespace isoframe::base {

namespace {

/// Bytes of the character that `text` begins with; 0 where it begins with none.
std::size_t leading_character(std::string_view text) {
  utf8proc_int32_t character = 0;
  const utf8proc_ssize_t bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                  static_cast<utf8proc_ssize_t>(text.size()), &character);
  return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

constexpr std::size_t kEscape = 4;  // "\xe9"

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool begins_with_escape(std::string_view text) {
  return text.size() >= kEscape && text.starts_with("\\x") && is_hex(text[2]) && is_hex(text[3]);
}

std::string escape_of(char byte) { return fmt::format("\\x{:02x}", static_cast<unsigned char>(byte)); }

}  // namespace

std::optional<std::size_t> first_invalid_byte(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = leading_character(text.substr(at));
    if (bytes == 0) return at;
    at += bytes;
  }
  return std::nullopt;
}

void require_utf8(std::string_view text, std::string_view called) {
  if (const auto at = first_invalid_byte(text))
    throw InputError(fmt::format("{} is not valid UTF-8 at byte {} (0x{:02x})", called, *at,
                                 static_cast<unsigned char>(text[*at])));
}

std::string text_of_bytes(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t character = leading_character(bytes);
    if (character == 0 || begins_with_escape(bytes)) {
      text += escape_of(bytes.front());
    } else {
      text += bytes.substr(0, character);
    }
    bytes.remove_prefix(character == 0 ? 1 : character);
  }
  return text;
}

std::string bytes_of_text(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    if (begins_with_escape(text)) {
      unsigned byte = 0;
      std::from_chars(text.data() + 2, text.data() + kEscape, byte, 16);
      bytes += static_cast<char>(byte);
      text.remove_prefix(kEscape);
    } else {
      bytes += text.front();
      text.remove_prefix(1);
    }
  }
  return bytes;
}

std::string text_of(const std::filesystem::path& path) { return text_of_bytes(path.native()); }
std::filesystem::path path_of(std::string_view text) { return bytes_of_text(text); }

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  // A character is not cut in two.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace isoframe::base
