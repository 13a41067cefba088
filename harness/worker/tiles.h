#pragma once
// Tiles in a rank's record, and their costs in the warm-up.

#include <vector>

#include "harness/measure/timing_probe.h"
#include "model/parallel/group.h"
#include "model/vae/tile_plan.h"
#include "reports/records/rank.h"

namespace isoframe::harness::worker {

using Tiles = std::vector<model::vae::TileAssignment>;  ///< of a plan

/// Finds the least seconds of each tile shape in `stage` over all ranks of `group`, the same on each; empty
/// where a shape was not run.  Call on every rank of the group; on the others (null) nothing is known.
model::vae::TileCosts measured_costs(const Tiles& plan, const char* stage, const measure::TimingProbe& probe,
                                     model::parallel::Group* group, const c10::Device& device);

/// Lists this rank's tiles with the time each took in `stage`, from the plan that was followed.
std::vector<reports::records::TileTime> tile_times(const Tiles& plan, int rank, const char* stage,
                                                   const measure::TimingProbe& probe);

/// Lists every tile, in the order of execution.
std::vector<reports::records::PlannedTile> planned_tiles(const Tiles& plan);

std::vector<reports::records::TileCost> tile_costs(const model::vae::TileCosts& costs);

/// Describes how evenly the plan shares the work out.
reports::records::TileBalance balance_of(const Tiles& plan, int ranks, const model::vae::TileCosts& costs);

}  // namespace isoframe::harness::worker
