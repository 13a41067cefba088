#pragma once
// A case beside the same case of an earlier run: since when is it different?

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "harness/judge/places.h"
#include "harness/judge/verdict.h"

namespace isoframe::harness::judge {

/// Of a time to the earlier run's, each in units of the baseline's, a baseline's in units of a fixed piece of
/// work: that takes out the machine's own speed that day.
inline constexpr double kAgainstLatency = 1.02;
/// Tensor memory is counted, not sampled: more than this is a change.
inline constexpr double kAgainstMemoryBytes = base::kMebibyte;
/// On 8-bit frames, where machine or library differ and floats may.
inline constexpr double kAgainstPsnr = 60.0;

/// What makes two runs' times and bits comparable, and is not the same in both: "cpu: 'A' then, 'B' now".
/// Empty for like runs.
std::vector<std::string> unlike(const nlohmann::json& environment, const nlohmann::json& earlier);

/// `quality` is compare_frames() of this run's frames with the earlier run's, null where one has none.  Like
/// runs must give identical frames (those of a bounded numerics class: their gates' bound), no more tensor
/// memory, at its peak and when done, and no more time, in all and of each stage on each rank; unlike ones
/// near frames only.  `comparisons`: how many cases are judged so.
Judgement judge_against(const Side& now, const Side& then, const nlohmann::json& quality,
                        const std::vector<std::string>& differences, int comparisons);

/// Whether its times are worth measuring again: they seem slower and that is not certain yet, or are too
/// noisy to tell.  judge_against() finds those of the second measurement beyond the case's `repeat`.
bool leaves_doubt(const Side& now, const Side& then, int comparisons);

}  // namespace isoframe::harness::judge
