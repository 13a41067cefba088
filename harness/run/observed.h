#pragma once
// Runs of a case that are looked at, and the tensors that they keep.

#include <filesystem>

#include <ATen/core/Tensor.h>

#include "harness/run/round.h"
#include "harness/scenario/case.h"
#include "harness/worker/observation.h"

namespace isoframe::harness::run {

/// Runs the case once under an observation, for what it leaves in `directory`.  Throws RunError with the
/// case's name if it fails or is interrupted.
void look(const scenario::Case& spec, const worker::Observation& observation,
          const std::filesystem::path& directory, const RoundContext& context);

/// The tensor that a rank kept in a run with Observation::Kind::kKeep.
at::Tensor kept_tensor(const std::filesystem::path& directory, int rank);

}  // namespace isoframe::harness::run
