#pragma once
// Cases for people.

#include <string>

#include "harness/scenario/suite.h"

namespace isoframe::harness::scenario {

/// "identical", "PSNR >= 40, time <= 1.2x", "reported" where different frames are expected, "-" for a
/// baseline.
std::string gates_text(const Case& spec);

/// One aligned row a case under a heading, then a line that counts.
std::string table(const Suite& suite);

}  // namespace isoframe::harness::scenario
