#include "harness/worker/tiles.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

#include <ATen/ATen.h>

namespace isoframe::harness::worker {

using model::vae::TileCosts;
using nlohmann::json;

namespace {

std::int64_t columns_of(const Tiles& plan) {
  std::int64_t columns = 0;
  for (const auto& tile : plan) columns = std::max(columns, tile.column + 1);
  return columns;
}

/// By shape; infinite where this rank ran none.
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

/// This rank's tiles with the time each took in `stage`, from the plan that was followed.
json tiles_of(const Tiles& plan, int rank, const char* stage, const measure::TimingProbe& probe) {
  const std::int64_t columns = columns_of(plan);
  json rows = json::array();
  for (const measure::StageTime& time : probe.times()) {
    if (time.stage != stage) continue;
    for (const auto& tile : plan) {
      if (tile.rank != rank || tile.row * columns + tile.column != time.index) continue;
      rows.push_back({{"row", tile.row},
                      {"column", tile.column},
                      {"height", tile.height},
                      {"width", tile.width},
                      {"seconds", time.seconds}});
    }
  }
  return rows;
}

json plan_rows(const Tiles& plan) {
  json rows = json::array();
  for (const auto& tile : plan)
    rows.push_back({{"row", tile.row},
                    {"column", tile.column},
                    {"height", tile.height},
                    {"width", tile.width},
                    {"rank", tile.rank},
                    {"workload", tile.workload}});
  return rows;
}

json cost_rows(const TileCosts& costs) {
  json rows = json::array();
  for (const auto& [shape, seconds] : costs.by_shape())
    rows.push_back({{"height", shape.first}, {"width", shape.second}, {"seconds", seconds}});
  return rows;
}

json balance_of(const Tiles& plan, int ranks, const TileCosts& costs) {
  const std::vector<double> work = model::vae::loads(plan, ranks);
  const double mean = std::accumulate(work.begin(), work.end(), 0.0) / static_cast<double>(ranks);
  const std::optional<double> optimum = model::vae::optimal_makespan(plan, ranks);
  return {{"tiles", plan.size()},
          {"ranks", ranks},
          {"unit", costs.by_shape().empty() ? "positions" : "seconds"},
          {"loads", work},
          {"imbalance", *std::ranges::max_element(work) / mean},
          {"optimum", optimum ? json(*optimum) : json()}};
}

}  // namespace isoframe::harness::worker
