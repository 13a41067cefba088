#pragma once
// The exact difference of two traces, at the one place where they part.

#include <atomic>

#include "harness/compare/traces.h"

namespace isoframe::harness::run {

/// Generates both sides once more for the one tensor, and puts into the record how much it differs and in
/// which heads and tokens.  Where a side does not come out as its trace has it, or cannot be computed here, a
/// note says so.
void add_exact_difference(compare::ComparedTraces& traces, const std::atomic<bool>* interrupted);

}  // namespace isoframe::harness::run
