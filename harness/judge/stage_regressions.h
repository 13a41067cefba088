#pragma once
// Stages that are slower, or keep more memory, than in an earlier run of the same case.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/judge/latency.h"
#include "metrics/ratio_interval.h"
#include "reports/records/case_result.h"

namespace isoframe::harness::judge {

namespace records = reports::records;

/// A case's result in one of the two runs.
struct Side {
  const records::CaseResult& result;
  const records::CaseResult* baseline = nullptr;  ///< its baseline's result; null for a baseline
  std::size_t repeat = SIZE_MAX;  ///< samples of the first measurement; later ones are of others
  /// Further runs of the same case, whose times count beside this one's: their deviation is the spread
  /// between runs.
  std::vector<Side> others = {};
};

/// Ratio of this run's times to those of earlier runs, one list a run, which are not paired.  Samples of this
/// run after the first now.repeat belong to later measurements; the earlier runs' all count.  Nothing if this
/// run or the first earlier one has fewer than kFewestPairs samples of a first measurement; further runs with
/// fewer than two do not count.
std::optional<Repeated> unpaired(const Side& now, std::vector<double> current,
                                 std::vector<std::vector<double>> earlier);

/// Times of a side and of its others, as `of` takes them from one.
template <typename Of>
std::vector<std::vector<double>> times_of_runs(const Side& side, const Of& of) {
  std::vector<std::vector<double>> times = {of(side)};
  for (const Side& other : side.others) times.push_back(of(other));
  return times;
}

/// Total times in units of the baseline's in the same round; a baseline's own in units of the yardstick
/// beside it, none if that was not timed.
std::vector<double> relative_times(const Side& side);

/// Work of all ranks together without waiting (TimingProbe::busy), in the same units.  Less noisy than the
/// total time if ranks share cores, since scheduling is not in it.
std::vector<double> relative_work(const Side& side);

/// Smallest part of its rank's work that a stage must take to be judged by itself.
inline constexpr double kSmallestPart = 0.05;

/// A stage that became slower on one rank, waiting excluded (TimingProbe::busy): a slow rank makes its peers
/// wait, but only its own busy time grows.
struct SlowStage {
  std::string stage;
  int rank = 0;
  metrics::RatioInterval interval;  ///< of this run's times to the earlier run's
};

/// The stage whose time grew most, among those that are certainly slower than `limit`; nothing if none is, or
/// if a side has fewer than kFewestPairs samples.  All stages together use up `budget`.  Left out are stages
/// below kSmallestPart in both runs and those in which the rank was given other tiles than in the earlier
/// run.
std::optional<SlowStage> slowest_stage(const Side& now, const Side& then, double limit, ErrorBudget budget);

/// True if any of these stages seems slower.  One that is too noisy to tell does not count: if ranks share
/// cores, one of many always is.
bool any_stage_seems_slower(const Side& now, const Side& then, double limit, ErrorBudget budget);

/// Sentences that name the stages of ranks that were given other tiles than in the earlier run, and so are
/// judged within the total time only.
std::vector<std::string> moved_tiles(const records::CaseResult& now, const records::CaseResult& then);

/// "denoise on rank 1 takes 1.12x (1.09x to 1.15x) its time there"
std::string sentence(const SlowStage& slow);

/// Memory that a rank's tensors keep after a step or stage, beyond what they kept in the earlier run.
struct KeptMemory {
  std::string stage;
  std::optional<std::int64_t> step;  ///< nothing after a whole stage
  int rank = 0;
  std::int64_t bytes = 0;  ///< more than in the earlier run, here
  std::int64_t total = 0;  ///< the same when the rank was done
};

/// The first step or stage after which the rank that keeps most in the end keeps more; nothing if it keeps no
/// more than `allowed` bytes.
std::optional<KeptMemory> first_kept(const records::CaseResult& now, const records::CaseResult& then,
                                     std::int64_t allowed);

/// "denoise step 0 on rank 1 leaves 1.0 MiB behind, 8.0 MiB in the end"
std::string sentence(const KeptMemory& kept);

}  // namespace isoframe::harness::judge
