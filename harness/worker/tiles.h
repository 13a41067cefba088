#pragma once
// Tiles as a rank's record tells of them, and their costs as the warm-up showed them.

#include <vector>

#include <nlohmann/json.hpp>

#include "harness/measure/timing_probe.h"
#include "model/parallel/group.h"
#include "model/vae/tile_plan.h"

namespace isoframe::harness::worker {

using Tiles = std::vector<model::vae::TileAssignment>;  ///< of a plan

/// The least seconds of each tile shape in `stage` over all ranks of `group`, the same on each; empty where a
/// shape was not run.  Call on every rank of the group; on the others (null) nothing is known.
model::vae::TileCosts measured_costs(const Tiles& plan, const char* stage, const measure::TimingProbe& probe,
                                     model::parallel::Group* group, const c10::Device& device);

/// This rank's tiles with the time each took in `stage`, from the plan that was followed.
nlohmann::json tiles_of(const Tiles& plan, int rank, const char* stage, const measure::TimingProbe& probe);

/// Every tile, in the order of execution.
nlohmann::json plan_rows(const Tiles& plan);

/// [{"height", "width", "seconds"}]
nlohmann::json cost_rows(const model::vae::TileCosts& costs);

/// How evenly the plan shares the work out: {"tiles", "ranks", "unit" ("seconds" or "positions"), "loads",
/// "imbalance" (largest load / mean), "optimum" (the least that the largest can be; null where it was not
/// searched for)}.
nlohmann::json balance_of(const Tiles& plan, int ranks, const model::vae::TileCosts& costs);

}  // namespace isoframe::harness::worker
