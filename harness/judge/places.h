#pragma once
// Where a run is slower, or keeps more memory, than an earlier run of the same case.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/judge/latency.h"
#include "metrics/ratio_interval.h"

namespace isoframe::harness::judge {

/// One side of the comparison: result.json of the case and of its baseline, null for a baseline itself.
struct Side {
  const nlohmann::json& result;
  const nlohmann::json& baseline;
};

/// Of this run's times to the earlier run's, where nothing is paired.  Samples beyond the case's `repeat` are
/// of a second measurement; the earlier run's all count.  None where either side was first measured less than
/// kFewestPairs times.
std::optional<Repeated> unpaired(const Side& now, std::vector<double> current, std::vector<double> earlier);

/// Times of the whole case, in units of its baseline's in the same round; a baseline's own in units of the
/// yardstick beside it, none where that was not timed.
std::vector<double> relative_times(const Side& side);

/// The same of what all ranks together took alone (TimingProbe::busy).  Where ranks share cores it is
/// steadier: the time of the whole case says as well how they were shared.
std::vector<double> relative_work(const Side& side);

/// A stage that takes less of its rank's time than this is not judged by itself.
inline constexpr double kSmallestShare = 0.05;

/// A stage on one rank, without its waiting for others (TimingProbe::busy).  Of all ranks only the slow one's
/// grows.
struct SlowPlace {
  std::string stage;
  int rank = 0;
  metrics::RatioInterval interval;  ///< of this run's times to the earlier run's
};

/// The place whose time grew most, among those that are certainly slower than `limit`; none where no place
/// is, or where a side has fewer than kFewestPairs samples.  `share` is of all places together (Bonferroni).
/// Stages below kSmallestShare in both runs are left out, and those in which the rank was given other tiles
/// than in the earlier run.
std::optional<SlowPlace> slowest_place(const Side& now, const Side& then, double limit, Share share);

/// Whether any of these places seems slower.  One that is too noisy to tell does not count: of many places
/// one always is, where ranks share cores.
bool any_place_seems_slower(const Side& now, const Side& then, double limit, Share share);

/// "denoise on rank 1 takes 1.12x (1.09x to 1.15x) its time there"
std::string sentence(const SlowPlace& place);

/// What a rank keeps in tensors after a step or stage, beyond what the earlier run kept there.
struct KeptPlace {
  std::string stage;
  std::int64_t step = -1;  ///< -1 where a whole stage ended
  int rank = 0;
  std::int64_t bytes = 0;  ///< more than in the earlier run, here
  std::int64_t total = 0;  ///< the same when the rank was done
};

/// The first place of the rank that keeps most in the end, if that is more than `allowed` bytes.
std::optional<KeptPlace> first_kept(const nlohmann::json& now, const nlohmann::json& then,
                                    std::int64_t allowed);

/// "denoise step 0 on rank 1 leaves 1.0 MiB behind, 8.0 MiB in the end"
std::string sentence(const KeptPlace& place);

}  // namespace isoframe::harness::judge
