#pragma once
// JSON files: read with an error that says where, written whole or not at all.

#include <filesystem>

#include <nlohmann/json.hpp>

namespace isoframe::base {

/// Throws InputError naming the file when it is missing, unreadable or not JSON (with line and column).
nlohmann::json read_json(const std::filesystem::path& path);

/// Writes JSON indented by two.  Bytes that are not UTF-8, a rank's last words say, become U+FFFD.  Replaces
/// the file in one step; its folder must exist.  Throws RunError naming the file.
void write_json(const std::filesystem::path& path, const nlohmann::json& value);

/// Writes JSON in one line, for what only programs read; otherwise as write_json().
void write_compact_json(const std::filesystem::path& path, const nlohmann::json& value);

/// A number in JSON, which has no infinity: "inf" and "-inf" stand for it, null for NaN (not measured).
nlohmann::json number(double value);

}  // namespace isoframe::base
