#pragma once
// Generates one video and leaves its trace: the fingerprints of every probe point, in a folder.

#include <atomic>
#include <filesystem>

#include "harness/locate/trace.h"
#include "harness/scenario/case.h"

namespace isoframe::harness::run {

/// Records every rank in `out`, in place of a trace that is there, of whatever engine; one that is to share
/// its baseline's noise begins with that of isoframe's ranks.  With `like`, the folder of a trace, it is one
/// rank, recorded in the parts that the ranks of that trace held.  Returns the trace as it reads back. Throws
/// InputError before loading for what cannot be done, RunError when a rank failed or the run was interrupted.
locate::Trace trace(scenario::Case spec, const std::filesystem::path& out, const std::filesystem::path& like,
                    const std::atomic<bool>* interrupted);

}  // namespace isoframe::harness::run
