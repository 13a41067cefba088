#pragma once
// JSON files: read with errors that name line and column, written whole or not at all.

#include <filesystem>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace isoframe::base {

/// Reads a JSON file.  Throws InputError naming the file if it is missing, unreadable or not JSON, or if a
/// number in it is too large for a double (then with line and column).
nlohmann::json read_json(const std::filesystem::path& path);

/// Reads a record from a JSON file by the record's own reader.  Throws InputError naming the file, whether it
/// is no JSON or another record's.
template <typename Record>
Record read_record(const std::filesystem::path& path, Record (*from_json)(const nlohmann::json&)) {
  const nlohmann::json value = read_json(path);
  try {
    return from_json(value);
  } catch (const InputError& error) {
    throw InputError(path.string() + ": " + error.what());
  }
}

/// Writes JSON indented by two.  Its texts must be UTF-8: bytes become text by text_of_bytes() (base/text.h)
/// before.  Replaces the file in one step; its folder must exist.  Throws RunError naming the file.
void write_json(const std::filesystem::path& path, const nlohmann::json& value);

/// Writes JSON in one line, for files that only programs read; otherwise like write_json().
void write_compact_json(const std::filesystem::path& path, const nlohmann::json& value);

}  // namespace isoframe::base
