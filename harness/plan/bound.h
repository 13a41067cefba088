#pragma once
// The least time that a plan can take on a device.

#include <string>
#include <vector>

#include "harness/plan/case_plan.h"

namespace isoframe::harness::plan {

/// A stage's least time on its slowest rank: the largest of what arithmetic, memory and link need at their
/// full rates, as if each overlapped the others.
struct StageBound {
  std::string stage;
  double seconds = 0.0;
  std::string limited_by;  ///< "arithmetic", "memory" or "link"
};

struct Bound {
  std::vector<StageBound> stages;
  double seconds = 0.0;       ///< sum over stages: ranks meet in every denoising step, and after it
  double memory_bytes = 0.0;  ///< weights and tensors of the largest rank
  bool fits = true;           ///< the largest rank's memory into the device's
};

/// Returns the bound of a plan on `device`.  Throws InputError if the device states no FLOP rate for the
/// plan's dtype.
Bound bound_of(const CasePlan& plan, const Device& device);

}  // namespace isoframe::harness::plan
