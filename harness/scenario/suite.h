#pragma once
// The cases of scenario files.

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/scenario/case.h"

namespace isoframe::harness::scenario {

/// Cases in file order, expanded, with their baselines resolved.
struct Suite {
  std::vector<std::filesystem::path> files;
  std::vector<Case> cases;
  std::set<std::string> left_out;  ///< names of the cases that the filter left out
};

/// Reads, validates and expands scenario files.  Throws InputError with "file:line:column: what is wrong;
/// what would be right" for the first error; `overrides` come from the command line.
struct Overrides {
  std::optional<std::filesystem::path> checkpoint = std::nullopt;  ///< for cases that name none themselves
  std::optional<std::string> variant = std::nullopt;               ///< as `checkpoint`
  std::optional<std::string> device = std::nullopt;                ///< as `checkpoint`
  std::optional<int> repeat = std::nullopt;
  std::optional<std::string> launcher = std::nullopt;
  std::string filter = {};  ///< glob on case names; a baseline is kept with the cases that need it
};
Suite load_suite(const std::vector<std::filesystem::path>& files, const Overrides& overrides);

}  // namespace isoframe::harness::scenario
