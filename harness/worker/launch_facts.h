#pragma once
// Facts that must be the same on all ranks of a case.

#include "harness/scenario/case.h"
#include "model/parallel/agreement.h"

namespace isoframe::harness::worker {

/// Collects the case's own settings, fingerprints of its checkpoint and image, and the build.  Paths are left
/// out: each machine may keep its copy elsewhere.
model::parallel::Facts launch_facts(const scenario::Case& spec);

}  // namespace isoframe::harness::worker
