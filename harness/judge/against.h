#pragma once
// A case beside the same case of an earlier run: since when is it different?

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/judge/verdict.h"

namespace isoframe::harness::judge {

/// Of a time to the earlier run's; where the case has a baseline both are first divided by it, which takes
/// out the machine's own speed that day.
inline constexpr double kAgainstLatency = 1.10;
/// Tensor memory is counted, not sampled: more than this is a change.
inline constexpr double kAgainstMemoryBytes = 1024.0 * 1024.0;
/// On 8-bit frames, where machine or library differ and floats may.
inline constexpr double kAgainstPsnr = 60.0;

/// What makes two runs' times and bits comparable, and is not the same in both: "cpu: 'A' then, 'B' now".
/// Empty for like runs.
std::vector<std::string> unlike(const nlohmann::json& environment, const nlohmann::json& earlier);

/// One side of the comparison: result.json of the case and of its baseline, null for none.
struct Side {
  const nlohmann::json& result;
  const nlohmann::json& baseline;
};

/// `quality` is compare_frames() of this run's frames with the earlier run's, null where one has none.  Like
/// runs must give identical frames (those of a bounded numerics class: their gates' bound), no more tensor
/// memory and no more time; unlike ones near frames only.  `comparisons`: how many cases are judged so.
Judgement judge_against(const Side& now, const Side& then, const nlohmann::json& quality,
                        const std::vector<std::string>& differences, int comparisons);

}  // namespace isoframe::harness::judge
