#pragma once
// JSON and text files of a run directory: read with an error that says where, written whole or not at all.

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace isoframe::harness::store {

/// Throws InputError naming the file when it is missing, unreadable or not JSON (with line and column).
nlohmann::json read_json(const std::filesystem::path& path);
/// Throws InputError naming the file.
std::string read_text(const std::filesystem::path& path);

/// Indented by two.  Bytes that are not UTF-8, a rank's last words say, become U+FFFD.
/// Both replace the file in one step; its folder must exist.  Throws RunError naming the file.
void write_json(const std::filesystem::path& path, const nlohmann::json& value);
/// In one line, for what only programs read.
void write_compact_json(const std::filesystem::path& path, const nlohmann::json& value);
void write_text(const std::filesystem::path& path, std::string_view text);

/// JSON has no infinity: "inf" and "-inf"; NaN is what was not measured: null.
nlohmann::json number(double value);

}  // namespace isoframe::harness::store
