#pragma once
// Ranks as local processes: start, watch, end.

#include "harness/launch/local_job.h"
#include "harness/launch/local_result.h"

namespace isoframe::harness::launch {

/// Starts `world_size` processes, returns when all have ended.  When one fails the others have 0.5 s to end
/// by themselves, then get SIGTERM, then SIGKILL after 2 s.  No process survives this call, nor the death of
/// the caller.  Throws RunError when a process cannot be made, having ended those that were.
LocalResult run_local(const LocalJob& job);

}  // namespace isoframe::harness::launch
