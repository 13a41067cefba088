#pragma once
// Verdicts from locked runs: each part and each step of a case and of its baseline begins with the baseline's
// own latents, so nothing accumulates, and may be about as far from float32 as the baseline is.

#include <optional>
#include <string>

#include "harness/scenario/case.h"
#include "reports/records/case_result.h"
#include "reports/records/locked.h"

namespace isoframe::harness::judge {

namespace records = reports::records;

/// Largest bound of a relative L2 that proves anything.  Above it, as half types and TF32 are after a few
/// steps, other videos would be within it: a locked run judges in its place.
inline constexpr double kProvingBound = 0.02;
/// Distance from float32 that a case may have, in units of the baseline's: root mean square, and largest
/// value.
inline constexpr double kRmsRatio = 1.25;
inline constexpr double kLargestRatio = 1.5;
/// Largest mean error as a share of the case's RMS: errors of rounding have either sign.
inline constexpr double kMeanOfRms = 0.25;
/// Distance from the baseline's video that the case's may have, in units of that of the video's float32 twin.
inline constexpr double kTwinRatio = 2.0;
/// Largest relative distance of a baseline from its own float32, or of a video's limit, that proves anything.
inline constexpr double kProvingDistance = 0.5;

/// Relative L2 that the orders of addition of both layouts account for together: the square root of the sum
/// of their squares.
double relative_l2_bound(const records::CaseResult& result, const records::CaseResult& baseline);

/// True if a locked run decides: it is asked for, or the gate `bounded` is and its bound proves nothing.
bool is_judged_locked(const scenario::Case& spec, const records::CaseResult& result,
                      const records::CaseResult& baseline);
/// The same rule from the bound alone, which a plan knows before the run.
bool is_judged_locked(const scenario::Case& spec, double relative_l2_bound);

/// The bounds that hold where the baseline computes in float32 itself and nothing more exact is there.
struct LockedBounds {
  double of_step = 0.0;   ///< relative RMS of one step, of the text's states and of the frames
  double of_video = 0.0;  ///< relative L2 of the whole video
};
/// Bounds of both orders of addition: the errors of a video's steps add as squares do.
LockedBounds locked_bounds(const scenario::Case& spec, const records::CaseResult& result,
                           const records::CaseResult& baseline);

/// The limit that the tensor breaks: "2.41x as far from float32 as the baseline (RMS; at most 1.25x)"; empty
/// if it breaks none.
std::string broken_limit(const records::LockedTensor& tensor, const std::string& exact,
                         const LockedBounds& bounds);
/// Fills in what depends on limits: `too_far` of every tensor, and how far the whole video is and may be.
void set_limits(records::LockedRecord& record, const std::optional<records::Quality>& quality,
                const LockedBounds& bounds);

/// The first tensor that is too far, in a sentence; empty if none is.
std::string first_too_far(const records::LockedRecord& record, const LockedBounds& bounds);
/// Reason why the record proves nothing: a baseline that is no guide, or nothing that could be compared; else
/// empty.
std::string reason_for_distrust(const records::LockedRecord& record, const LockedBounds& bounds);

/// Largest relative L2 of the whole video against the baseline's.
double video_limit(const records::LockedRecord& record, const LockedBounds& bounds);

}  // namespace isoframe::harness::judge
