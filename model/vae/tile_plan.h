#pragma once
// The plan of tiles: the cost of each, and the rank that runs it.

#include <cstdint>
#include <optional>
#include <vector>

#include "model/vae/tile_geometry.h"
#include "model/vae/tiling_options.h"

namespace isoframe::model::vae {

/// One tile and the rank that runs it; plans are the same on every rank of the VAEPP group.
struct TileAssignment {
  std::int64_t row = 0;
  std::int64_t column = 0;
  std::int64_t height = 0;  ///< of the input (latents for decode)
  std::int64_t width = 0;
  int rank = 0;
  double workload = 0.0;  ///< the plan's estimate: seconds where costs were measured, else input positions
};

struct TilePlan {
  TileGeometry geometry;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<TileAssignment> tiles;  ///< a rank runs its own in this order: largest workload first

  /// A tile's number, row by row, from 0.
  std::int64_t number(const TileAssignment& tile) const { return tile.row * columns + tile.column; }
  /// The tiles by number.
  std::vector<TileAssignment> in_grid_order() const;
};

/// Plans by longest processing time first (Graham 1969): the costliest tile left goes to the rank with the
/// least work; ties go to the lower number and the lower rank, so that every rank makes the same plan.  A
/// tile costs what `costs` says; where that does not know every tile's shape, as much as it has positions.
TilePlan plan_tiles(const TileGeometry& geometry, std::int64_t frames, std::int64_t height,
                    std::int64_t width, int ranks, const TileCosts& costs = {});

/// The work of each rank.
std::vector<double> loads(const std::vector<TileAssignment>& tiles, int ranks);

/// The least work that the busiest rank can have, whoever runs what: by exhaustive search, nothing where that
/// would take too long (more than some 16 tiles).  The plan is never worse than 4/3 of it (Graham 1969).
std::optional<double> optimal_makespan(const std::vector<TileAssignment>& tiles, int ranks);

}  // namespace isoframe::model::vae
