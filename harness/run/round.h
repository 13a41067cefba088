#pragma once
// Rounds: the ranks of a case start, unless they are there, load, warm up and measure one generation.

#include <atomic>
#include <filesystem>
#include <functional>
#include <vector>

#include "harness/engine/ranks.h"
#include "harness/launch/progress_report.h"
#include "harness/run/round_result.h"
#include "harness/scenario/case.h"
#include "harness/worker/observation.h"
#include "reports/records/rank.h"

namespace isoframe::harness::run {

struct RoundContext {
  std::filesystem::path program;  ///< the isoframe binary, which every rank runs
  std::function<void(const launch::Progress&)> on_progress;
  const std::atomic<bool>* interrupted = nullptr;
  engine::ResidentRanks* resident = nullptr;  ///< where ranks stay for the next round; null: they end
  std::filesystem::path noise = {};           ///< a latents.safetensors to begin with; empty: the seed's own
};

/// Has what ranks have in common loaded, beside whatever comes before the first round, if any of these cases
/// has ranks that come by fork().
void prepare_ranks(const std::vector<scenario::Case>& cases, engine::ResidentRanks* resident);

/// Runs the round in `directory` (made if missing), where its ranks leave their records, or with an
/// `observation` what that asks for.  Never throws for what a rank does.
RoundResult run_round(const scenario::Case& spec, const std::filesystem::path& directory,
                      const RoundContext& context, const worker::Observation& observation = {});

/// The records that the ranks of a measured round left, in order.  Throws InputError for one that is missing
/// or damaged.
std::vector<reports::records::RankRecord> read_rank_records(const std::filesystem::path& directory,
                                                            int ranks);
/// The same of a round with Observation::Kind::kRates.
std::vector<reports::records::MachineRates> read_machine_rates(const std::filesystem::path& directory,
                                                               int ranks);

/// The path that this program was started by, where another one may lie by now.
std::filesystem::path this_program();

}  // namespace isoframe::harness::run
