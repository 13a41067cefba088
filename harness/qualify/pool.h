#pragma once
// Pools of cases that promise the same bits, whose ranks vote together.

#include <string>

#include "harness/scenario/case.h"

namespace isoframe::harness::qualify {

/// The name of a case's pool: a baseline and those that must equal it have the baseline's.
std::string pool_of(const scenario::Case& spec);

}  // namespace isoframe::harness::qualify
