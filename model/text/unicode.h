#pragma once
// Unicode, as far as tokenizers need it (utf8proc).

#include <cstddef>
#include <string>
#include <string_view>

namespace isoframe::model::text {

/// Normalization form C.  `text` must be valid UTF-8.
std::string nfc(std::string_view text);

/// The characters that count as white space around an added token.
enum class WhiteSpace {
  kUnicode,  ///< the White_Space property, as in the `tokenizers` library
  kPython    ///< and the separators U+001C - U+001F, as in Python's str.strip
};

/// Counts the bytes of white space that `text` begins or ends with.
std::size_t leading_space(std::string_view text, WhiteSpace kind);
std::size_t trailing_space(std::string_view text, WhiteSpace kind);

}  // namespace isoframe::model::text
