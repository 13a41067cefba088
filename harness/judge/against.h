#pragma once
// A case beside the same case of an earlier run: since when is it different?

#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "harness/judge/stage_regressions.h"
#include "harness/judge/verdict.h"

namespace isoframe::harness::judge {

/// Largest allowed ratio of this run's time to the earlier run's.  Both are in units of the baseline's in the
/// same round (a baseline's in units of the yardstick), which cancels the machine's speed that day.
inline constexpr double kAgainstLatency = 1.02;
/// Largest allowed growth of tensor memory, which is counted, not sampled.
inline constexpr double kAgainstMemoryBytes = base::kMebibyte;
/// Least PSNR of 8-bit frames if machine or library differ, so that floats may.
inline constexpr double kAgainstPsnr = 60.0;

/// Differences of environment that make times and bits of two runs incomparable: "cpu: "A" then, "B" now".
/// Empty for like runs.
std::vector<std::string> unlike(const records::Environment& now, const records::Environment& earlier);

/// A verdict beside an earlier run, with what it does not cover.
struct AgainstJudgement : Judgement {
  std::vector<records::NotJudged> not_judged;
  std::vector<std::string> notes;
};

/// Verdict of a case beside the earlier run's.  `quality` compares this run's frames with the earlier run's;
/// without it they are not judged.
/// Without `differences` of environment frames must be identical (of a bounded layout: within its bound),
/// tensor memory no more, at its peak and when done, and no time longer, in all and of each stage on each
/// rank.  With differences frames must be within kAgainstPsnr, and memory and time are not judged.  Times of
/// which there are too few, or that have no common unit, are not judged either.  `budget` is this
/// comparison's share.
///
/// Frames and memory are held against `then` alone, times against then.others too.  A note says so if the
/// spread between runs is not in the intervals of times, because there are none.
AgainstJudgement judge_against(const Side& now, const Side& then,
                               const std::optional<records::Quality>& quality,
                               const std::vector<std::string>& differences, ErrorBudget budget);

/// True if measuring the case again can change what its times say: they seem longer and that is not certain
/// yet, or are too noisy to tell.  judge_against() takes the samples after the first now.repeat as those of
/// the later measurements.
bool is_slowdown_undecided(const Side& now, const Side& then, ErrorBudget budget);

}  // namespace isoframe::harness::judge
