#pragma once
// The environment of a measurement, which may spoil or explain it: the machine, its limits, its load, and the
// build.

#include "reports/records/case_result.h"

namespace isoframe::harness::measure {

/// Describes this machine and build, without what differs from case to case: `threads_per_rank` and `device`.
reports::records::Environment environment();

}  // namespace isoframe::harness::measure
