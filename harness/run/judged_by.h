#pragma once
// The gates by which a case will be judged, as far as they are known before the run.

#include <string>

#include "harness/scenario/case.h"

namespace isoframe::harness::run {

/// The case's gates for people: "bounded (relative L2 <= 2.4e-04)", or where that bound would prove nothing
/// "locked run (a bound of 1.2 would prove nothing)".  Without the checkpoint, from which the bound follows,
/// as the scenario has them.  `baseline` may be null.
std::string judged_by(const scenario::Case& spec, const scenario::Case* baseline);

}  // namespace isoframe::harness::run
