#pragma once
// Cases as text for people.

#include <string>

#include "harness/scenario/suite.h"

namespace isoframe::harness::scenario {

/// Gates as text: "identical", "PSNR >= 40, time <= 1.2x", "reported" if different frames are expected, "-"
/// for a baseline.
std::string gates_text(const Case& spec);

/// A table with one aligned row for each case, then a line that counts them.
std::string table(const Suite& suite);

}  // namespace isoframe::harness::scenario
