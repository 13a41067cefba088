#pragma once
// JSON files: read with errors that name line and column, written whole or not at all.

#include <filesystem>

#include <nlohmann/json.hpp>

namespace isoframe::base {

/// Reads a JSON file.  Throws InputError naming the file if it is missing, unreadable or not JSON, or if a
/// number in it is too large for a double (then with line and column).
nlohmann::json read_json(const std::filesystem::path& path);

/// Writes JSON indented by two.  Its texts must be UTF-8: bytes become text by text_of_bytes() (base/text.h)
/// before.  Replaces the file in one step; its folder must exist.  Throws RunError naming the file.
void write_json(const std::filesystem::path& path, const nlohmann::json& value);

/// Writes JSON in one line, for files that only programs read; otherwise like write_json().
void write_compact_json(const std::filesystem::path& path, const nlohmann::json& value);

}  // namespace isoframe::base
