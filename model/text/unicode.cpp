#include "model/text/unicode.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include <fmt/format.h>
#include <utf8proc.h>

#include "model/error.h"

namespace isoframe::model::text {

namespace {

struct Free {
  void operator()(utf8proc_uint8_t* memory) const { std::free(memory); }
};

/// Bytes of the character at the start of `text`, or a negative error.
utf8proc_ssize_t decode(std::string_view text, utf8proc_int32_t& character) {
  return utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                          static_cast<utf8proc_ssize_t>(text.size()), &character);
}

bool is_space(utf8proc_int32_t character, WhiteSpace kind) {
  if (character >= 0x1C && character <= 0x1F) return kind == WhiteSpace::kPython;
  if ((character >= 0x09 && character <= 0x0D) || character == 0x85) return true;
  switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return true;
    default:
      return false;
  }
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

}  // namespace

void require_utf8(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    utf8proc_int32_t character = 0;
    const utf8proc_ssize_t bytes = decode(text.substr(position), character);
    if (bytes <= 0) throw InputError(fmt::format("the prompt is not valid UTF-8 at byte {}", position));
    position += static_cast<std::size_t>(bytes);
  }
}

std::string nfc(std::string_view text) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t bytes = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
      &mapped, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, Free> owner(mapped);
  if (bytes < 0) throw std::bad_alloc();
  return std::string(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(bytes));
}

std::size_t leading_space(std::string_view text, WhiteSpace kind) {
  std::size_t position = 0;
  while (position < text.size()) {
    utf8proc_int32_t character = 0;
    const utf8proc_ssize_t bytes = decode(text.substr(position), character);
    if (!is_space(character, kind)) break;
    position += static_cast<std::size_t>(bytes);
  }
  return position;
}

std::size_t trailing_space(std::string_view text, WhiteSpace kind) {
  std::size_t end = text.size();
  while (end > 0) {
    std::size_t begin = end - 1;
    while (begin > 0 && is_continuation(text[begin])) --begin;
    utf8proc_int32_t character = 0;
    decode(text.substr(begin, end - begin), character);
    if (!is_space(character, kind)) break;
    end = begin;
  }
  return text.size() - end;
}

}  // namespace isoframe::model::text
