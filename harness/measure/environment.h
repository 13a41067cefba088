#pragma once
// What can spoil or explain a measurement: the machine, its limits, its load, and what was built.

#include "reports/records/case_result.h"

namespace isoframe::harness::measure {

/// Describes this machine and build, without what differs from case to case: `threads_per_rank` and `device`.
reports::records::Environment environment();

}  // namespace isoframe::harness::measure
