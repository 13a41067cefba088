#include "harness/worker/tiles.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

#include <ATen/ATen.h>

namespace isoframe::harness::worker {

namespace records = reports::records;
using model::vae::TileCosts;

namespace {

std::int64_t columns_of(const Tiles& plan) {
  std::int64_t columns = 0;
  for (const auto& tile : plan) columns = std::max(columns, tile.column + 1);
  return columns;
}

/// The least seconds of each shape on this rank; infinite where it ran none.
std::map<TileCosts::Shape, double> own_costs(const Tiles& plan, const char* stage,
                                             const measure::TimingProbe& probe) {
  std::map<TileCosts::Shape, double> costs;
  const std::int64_t columns = columns_of(plan);
  const std::vector<measure::StageTime> times = probe.times();
  for (const auto& tile : plan) {
    double& least =
        costs.emplace(TileCosts::Shape{tile.height, tile.width}, std::numeric_limits<double>::infinity())
            .first->second;
    for (const measure::StageTime& time : times)
      if (time.stage == stage && time.index == tile.row * columns + tile.column)
        least = std::min(least, time.seconds);
  }
  return costs;
}

}  // namespace

TileCosts measured_costs(const Tiles& plan, const char* stage, const measure::TimingProbe& probe,
                         model::parallel::Group* group, const c10::Device& device) {
  if (group == nullptr || plan.empty()) return {};
  const std::map<TileCosts::Shape, double> own = own_costs(plan, stage, probe);
  std::vector<double> seconds;
  for (const auto& [shape, least] : own) seconds.push_back(least);
  const at::Tensor row = at::tensor(seconds, at::kDouble).unsqueeze(0).to(device);
  const at::Tensor least =
      group->all_gather(row, 0, std::vector<std::int64_t>(group->size(), 1)).amin(0).cpu();
  TileCosts costs;
  if (!least.isfinite().all().item<bool>()) return costs;
  std::int64_t index = 0;
  for (const auto& [shape, unused] : own) costs.set(shape.first, shape.second, least[index++].item<double>());
  return costs;
}

std::vector<records::TileTime> tile_times(const Tiles& plan, int rank, const char* stage,
                                          const measure::TimingProbe& probe) {
  const std::int64_t columns = columns_of(plan);
  std::vector<records::TileTime> rows;
  for (const measure::StageTime& time : probe.times()) {
    if (time.stage != stage) continue;
    for (const auto& tile : plan) {
      if (tile.rank != rank || tile.row * columns + tile.column != time.index) continue;
      rows.push_back({.row = tile.row,
                      .column = tile.column,
                      .height = tile.height,
                      .width = tile.width,
                      .seconds = time.seconds});
    }
  }
  return rows;
}

std::vector<records::PlannedTile> planned_tiles(const Tiles& plan) {
  std::vector<records::PlannedTile> rows;
  for (const auto& tile : plan)
    rows.push_back({.row = tile.row,
                    .column = tile.column,
                    .height = tile.height,
                    .width = tile.width,
                    .rank = tile.rank,
                    .workload = tile.workload});
  return rows;
}

std::vector<records::TileCost> tile_costs(const TileCosts& costs) {
  std::vector<records::TileCost> rows;
  for (const auto& [shape, seconds] : costs.by_shape())
    rows.push_back({.height = shape.first, .width = shape.second, .seconds = seconds});
  return rows;
}

records::TileBalance balance_of(const Tiles& plan, int ranks, const TileCosts& costs) {
  const std::vector<double> loads = model::vae::loads(plan, ranks);
  const double mean = std::accumulate(loads.begin(), loads.end(), 0.0) / static_cast<double>(ranks);
  return {.tiles = static_cast<std::int64_t>(plan.size()),
          .ranks = ranks,
          .unit = costs.by_shape().empty() ? "positions" : "seconds",
          .loads = loads,
          .imbalance = mean > 0.0 ? *std::ranges::max_element(loads) / mean : 1.0,
          .optimum = model::vae::optimal_makespan(plan, ranks)};
}

}  // namespace isoframe::harness::worker
