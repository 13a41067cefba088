#pragma once
// What can spoil or explain a measurement: the machine, its limits, its load, and what was built.

#include <nlohmann/json_fwd.hpp>

namespace isoframe::harness::measure {

/// The `environment` of run.json (reports/records/README.md), without what differs from case to case:
/// `threads_per_rank` and `device`.
///
/// `cores` are those this process may run on; `memory_bytes` is the machine's.  `limits` holds what a
/// container (cgroup v2 or v1) allows: `cores`, `memory_bytes`, each only where there is a limit.
/// `isoframe.commit` is the one that the build was configured at, "unknown" outside a checkout.
nlohmann::json environment();

}  // namespace isoframe::harness::measure
