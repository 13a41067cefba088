#pragma once
// Text, which is UTF-8, and paths, which are bytes: where one is checked, and how the other becomes text.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace isoframe::base {

/// The index of the first byte that is no part of valid UTF-8; nothing if the whole text is valid.
std::optional<std::size_t> first_invalid_byte(std::string_view text);

/// Throws InputError with `called`, index and byte ("--prompt is not valid UTF-8 at byte 3 (0xe9)") unless
/// `text` is valid UTF-8.
void require_utf8(std::string_view text, std::string_view called);

/// Writes bytes as text, for JSON, reports and pages: valid UTF-8 stays as it is, another byte becomes
/// "\xe9", and so that this can be undone a backslash that would be read so becomes "\x5c".
std::string text_of_bytes(std::string_view bytes);
/// The bytes that text_of_bytes() was given.
std::string bytes_of_text(std::string_view text);

/// The same for paths.
std::string text_of(const std::filesystem::path& path);
std::filesystem::path path_of(std::string_view text);

/// A text as messages quote it: the beginning and "..." of one that is longer than `most` bytes.
std::string shortened(std::string_view text, std::size_t most = 60);

}  // namespace isoframe::base
