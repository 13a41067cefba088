#pragma once

#include <filesystem>
#include <string>

#include "harness/scenario/yaml_value.h"

namespace isoframe::harness::scenario {

/// Reads a path: ${VAR} and ${VAR:-otherwise} are taken from the environment, a relative path starts at the
/// scenario file's folder.  A path from the command line stays as it is.
std::filesystem::path read_path(const Value& value, const std::string& key);

/// Reads a word of a command, or a variable's value: as a path where it begins with ./ or ../, else as it is
/// but for ${VAR}.
std::string read_word(const Value& value, const std::string& key);

}  // namespace isoframe::harness::scenario
