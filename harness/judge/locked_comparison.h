#pragma once
// From the tensors of locked runs to the distances that are judged.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "harness/locate/locked_results.h"
#include "reports/records/locked.h"

namespace isoframe::harness::judge {

/// The results of one run, one entry a rank.
using LockedRun = std::vector<locate::LockedResults>;

/// Distances of the case and of its baseline from the exact results, tensor by tensor; where several ranks of
/// the case hold one, that of the furthest.  `exact` null: the baseline computes in float32 itself, and is
/// what the case is held against.  Throws RunError for a tensor that the case lacks, or has in another shape.
reports::records::LockedRecord compare_locked(const LockedRun* exact, const LockedRun& baseline,
                                              const LockedRun& candidate);

/// First step whose latents a run does not give bit for bit as `kept` has them; nothing if it gives all.
std::optional<std::int64_t> first_unrepeated_step(const LockedRun& run, const std::vector<at::Tensor>& kept);

/// ||candidate - reference|| / ||reference|| of two files of frames.
double relative_l2_of_frames(const std::filesystem::path& reference, const std::filesystem::path& candidate);

}  // namespace isoframe::harness::judge
