#include "model/text/unicode.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <new>

#include <utf8proc.h>

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

struct Range {
  utf8proc_int32_t first, last;
};

/// Changes of normalization since Unicode 9: combining classes assigned later, and the one later
/// composition's second half.  The `tokenizers` library's tables are those of Unicode 9 (found by comparing
/// tokenizers 0.23 with Unicode 14 on every code point; the last five ranges are Unicode 15's).
constexpr Range kSinceUnicode9[] = {
    {0x7FD, 0x7FD},     {0x898, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},     {0xC3C, 0xC3C},
    {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0x1715, 0x1715},   {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},
    {0xA82C, 0xA82C},   {0x10D24, 0x10D27}, {0x10EAB, 0x10EAC}, {0x10F46, 0x10F50}, {0x10F82, 0x10F85},
    {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x1145E, 0x1145E}, {0x11839, 0x1183A}, {0x11930, 0x11930},
    {0x1193D, 0x1193E}, {0x11943, 0x11943}, {0x119E0, 0x119E0}, {0x11A34, 0x11A34}, {0x11A47, 0x11A47},
    {0x11A99, 0x11A99}, {0x11D42, 0x11D42}, {0x11D44, 0x11D45}, {0x11D97, 0x11D97}, {0x16FF0, 0x16FF1},
    {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x10EFD, 0x10EFF}, {0x11F41, 0x11F42},
    {0x1E08F, 0x1E08F}, {0x1E4EC, 0x1E4EF},
};

bool is_new_to_unicode_9(utf8proc_int32_t character) {
  if (character < kSinceUnicode9[0].first) return false;
  return std::any_of(std::begin(kSinceUnicode9), std::end(kSinceUnicode9), [character](const Range& range) {
    return character >= range.first && character <= range.last;
  });
}

std::string normalized(std::string_view text) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t bytes = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
      &mapped, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, Free> owner(mapped);
  if (bytes < 0) throw std::bad_alloc();
  return std::string(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(bytes));
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

}  // namespace

std::string nfc(std::string_view text) {
  // Characters that Unicode 9 did not know are starters: nothing is reordered or composed across them.
  std::string result;
  std::size_t done = 0;
  std::size_t position = 0;
  while (position < text.size()) {
    utf8proc_int32_t character = 0;
    const auto bytes = static_cast<std::size_t>(decode(text.substr(position), character));
    if (is_new_to_unicode_9(character)) {
      result += normalized(text.substr(done, position - done));
      result += text.substr(position, bytes);
      done = position + bytes;
    }
    position += bytes;
  }
  return result + normalized(text.substr(done));
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
