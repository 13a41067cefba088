#include "model/vae/tile_plan.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

namespace isoframe::model::vae {

std::vector<TileAssignment> TilePlan::in_grid_order() const {
  std::vector<TileAssignment> sorted = tiles;
  std::sort(sorted.begin(), sorted.end(),
            [this](const TileAssignment& a, const TileAssignment& b) { return number(a) < number(b); });
  return sorted;
}

namespace {

std::vector<TileAssignment> cut_into_tiles(const TilePlan& plan, std::int64_t height, std::int64_t width) {
  const TileGeometry& geometry = plan.geometry;
  std::vector<TileAssignment> tiles;
  for (std::int64_t row = 0; row < plan.rows; ++row) {
    for (std::int64_t column = 0; column < plan.columns; ++column) {
      TileAssignment tile;
      tile.row = row;
      tile.column = column;
      tile.height = std::min(geometry.tile, height - row * geometry.stride);
      tile.width = std::min(geometry.tile, width - column * geometry.stride);
      tiles.push_back(tile);
    }
  }
  return tiles;
}

void estimate_work(std::vector<TileAssignment>& tiles, std::int64_t frames, const TileCosts& costs) {
  const bool are_known = std::ranges::all_of(
      tiles, [&](const TileAssignment& tile) { return costs.knows(tile.height, tile.width); });
  for (TileAssignment& tile : tiles)
    tile.workload = are_known ? costs.of(tile.height, tile.width)
                              : static_cast<double>(frames * tile.height * tile.width);
}

/// Tiles one after the other, costliest first, each to every rank in turn; a branch that cannot beat the best
/// plan so far is left.
class ExhaustiveSearch {
 public:
  ExhaustiveSearch(std::vector<double> work, int ranks) : work_(std::move(work)), loads_(ranks, 0.0) {
    std::ranges::sort(work_, std::greater<>());
    best_ = std::accumulate(work_.begin(), work_.end(), 0.0);
  }

  std::optional<double> run() {
    place(0);
    return visited_ > kMostVisits ? std::nullopt : std::optional(best_);
  }

 private:
  static constexpr std::int64_t kMostVisits = 2'000'000;

  void place(std::size_t tile) {
    if (++visited_ > kMostVisits) return;
    if (tile == work_.size()) {
      best_ = std::min(best_, *std::ranges::max_element(loads_));
      return;
    }
    for (std::size_t rank = 0; rank < loads_.size(); ++rank) {
      // Ranks with equal loads are alike.
      const bool is_twin = std::find(loads_.begin(), loads_.begin() + static_cast<std::ptrdiff_t>(rank),
                                     loads_[rank]) != loads_.begin() + static_cast<std::ptrdiff_t>(rank);
      if (is_twin || loads_[rank] + work_[tile] >= best_) continue;
      const double before = loads_[rank];
      loads_[rank] += work_[tile];
      place(tile + 1);
      loads_[rank] = before;
    }
  }

  std::vector<double> work_;
  std::vector<double> loads_;
  double best_ = 0.0;
  std::int64_t visited_ = 0;
};

}  // namespace

TilePlan plan_tiles(const TileGeometry& geometry, std::int64_t frames, std::int64_t height,
                    std::int64_t width, int ranks, const TileCosts& costs) {
  TilePlan plan;
  plan.geometry = geometry;
  plan.rows = (height + geometry.stride - 1) / geometry.stride;
  plan.columns = (width + geometry.stride - 1) / geometry.stride;
  plan.tiles = cut_into_tiles(plan, height, width);
  estimate_work(plan.tiles, frames, costs);
  std::ranges::stable_sort(plan.tiles, std::greater<>(), &TileAssignment::workload);
  std::vector<double> load(static_cast<std::size_t>(ranks), 0.0);
  for (TileAssignment& tile : plan.tiles) {
    const auto least = std::min_element(load.begin(), load.end());
    tile.rank = static_cast<int>(least - load.begin());
    *least += tile.workload;
  }
  return plan;
}

std::vector<double> loads(const std::vector<TileAssignment>& tiles, int ranks) {
  std::vector<double> work(static_cast<std::size_t>(ranks), 0.0);
  for (const TileAssignment& tile : tiles) work[static_cast<std::size_t>(tile.rank)] += tile.workload;
  return work;
}

std::optional<double> optimal_makespan(const std::vector<TileAssignment>& tiles, int ranks) {
  if (tiles.empty()) return 0.0;
  std::vector<double> work;
  for (const TileAssignment& tile : tiles) work.push_back(tile.workload);
  return ExhaustiveSearch(std::move(work), ranks).run();
}

}  // namespace isoframe::model::vae
