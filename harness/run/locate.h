#pragma once
// Runs a case and its baseline again, looking at every probe point, and names the first that differs.

#include <filesystem>

#include "harness/run/round.h"
#include "harness/scenario/case.h"
#include "reports/records/divergence.h"

namespace isoframe::harness::run {

/// Differences that are none: those up to a relative L2, and at each place what the baseline's own dtype
/// does, if `latents` names its latents.safetensors, from whose noise its float32 twin is computed.
struct LocateTolerance {
  double relative_l2 = 0.0;
  std::filesystem::path latents = {};
};

/// Finds the first divergence in three runs: the case, each rank of which leaves fingerprints of its tensors;
/// the baseline, and its twin if that is asked for, which take fingerprints of the same parts of their own;
/// and if values differ, both once more for the one tensor, and a few times more to tell its own error and
/// what differs behind it (grafts.h).  A difference that does not come again is reported as such, and so is a
/// run that fails.  `directory` is made for what the runs leave, and removed.
reports::records::FirstDivergence locate(const scenario::Case& spec, const scenario::Case& baseline,
                                         const LocateTolerance& tolerance,
                                         const std::filesystem::path& directory, const RoundContext& context);

}  // namespace isoframe::harness::run
