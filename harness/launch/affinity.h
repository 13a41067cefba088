#pragma once
// The cores that ranks may run on.

#include <sched.h>

namespace isoframe::harness::launch {

/// Cores that this process was given.  Where OMP_PROC_BIND and its like are set, OpenMP has pinned the first
/// thread to one of them when it was loaded, and a rank would inherit that: then it is all of OpenMP's
/// places.
cpu_set_t usable_cores();

}  // namespace isoframe::harness::launch
