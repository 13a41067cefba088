#pragma once

#include <filesystem>
#include <string>

#include "harness/scenario/yaml_value.h"

namespace isoframe::harness::scenario {

/// Reads a path: ${VAR} and ${VAR:-otherwise} are taken from the environment, a relative path starts at the
/// scenario file's folder.  A path from the command line stays as it is.
std::filesystem::path read_path(const Value& value, const std::string& key);

}  // namespace isoframe::harness::scenario
