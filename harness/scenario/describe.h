#pragma once
// Cases as text for people.

#include <functional>
#include <string>

#include "harness/scenario/suite.h"

namespace isoframe::harness::scenario {

/// Gates as text: "identical", "locked run, PSNR >= 40", "PSNR >= 40, time <= 1.2x", "reported" if different
/// frames are expected, "-" for a baseline.
std::string gates_text(const Case& spec);

/// A table with one aligned row for each case, `gates_of` it in the last column, then a line that counts
/// them.
std::string table(const Suite& suite, const std::function<std::string(const Case&)>& gates_of = gates_text);

}  // namespace isoframe::harness::scenario
