#pragma once
// Texts of others on people's terminals.

#include <string>
#include <string_view>

namespace isoframe::base {

/// The text without what would command a terminal: control characters but line break and tab, also the
/// two-byte ones of UTF-8 (U+0080 to U+009F), become "\x1b", one such word a byte.  Everything else stays as
/// it is.
std::string for_terminal(std::string_view text);

}  // namespace isoframe::base
