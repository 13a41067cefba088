#include "model/vae/tile_executor.h"

#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "model/vae/tile_merger.h"

namespace isoframe::model::vae {

namespace {

constexpr int kMergingRank = 0;

at::Tensor cut(const at::Tensor& volume, const TilePlan& plan, const TileAssignment& tile) {
  const std::int64_t stride = plan.geometry.stride;
  return volume.narrow(1, tile.row * stride, tile.height)
      .narrow(2, tile.column * stride, tile.width)
      .contiguous();
}

// This rank's results by tile number; undefined where a tile is another rank's.
std::vector<at::Tensor> run_own_tiles(const TilePlan& plan, const at::Tensor& volume,
                                      const TileOperation& operation, int rank, Probe& probe) {
  std::vector<at::Tensor> results(plan.tiles.size());
  for (const TileAssignment& tile : plan.tiles) {
    if (tile.rank != rank) continue;
    const std::int64_t number = plan.number(tile);
    at::Tensor& result = results[static_cast<std::size_t>(number)];
    const ProbeScope scope(probe, {operation.tile_stage, number});
    result = operation.run(cut(volume, plan, tile));
    probe.tensor({operation.tile_stage, number}, result);
  }
  return results;
}

at::Tensor receive(const TilePlan& plan, const TileAssignment& tile, const TileOperation& operation,
                   const at::TensorOptions& options, parallel::Group& group, Probe& probe) {
  const TileGeometry& geometry = plan.geometry;
  at::Tensor result = at::empty({operation.output_frames, geometry.output_size(tile.height),
                                 geometry.output_size(tile.width), operation.output_channels},
                                options);
  const std::int64_t number = plan.number(tile);
  const ProbeScope scope(probe, {operation.communication_stage, number});
  group.receive(result, tile.rank, static_cast<int>(number));
  return result;
}

}  // namespace

at::Tensor execute_tiles(const TilePlan& plan, const at::Tensor& volume, const TileOperation& operation,
                         parallel::Group& group, Probe& probe) {
  std::vector<at::Tensor> results = run_own_tiles(plan, volume, operation, group.rank(), probe);
  // Everyone sends only when all its tiles are done, since rank 0 is busy with its own until then; and in the
  // order in which rank 0 asks, since a send may wait for its receiver.
  const std::vector<TileAssignment> grid = plan.in_grid_order();
  if (group.rank() != kMergingRank) {
    for (std::size_t number = 0; number < grid.size(); ++number) {
      const at::Tensor result = std::exchange(results[number], {});
      if (!result.defined()) continue;
      const ProbeScope scope(probe, {operation.communication_stage, static_cast<std::int64_t>(number)});
      group.send(result, kMergingRank, static_cast<int>(number));
    }
    return {};
  }

  TileMerger merger(plan.geometry, plan.geometry.output_size(volume.size(1)),
                    plan.geometry.output_size(volume.size(2)));
  for (std::int64_t index = 0; index < plan.rows; ++index) {
    std::vector<at::Tensor> row;
    for (std::int64_t column = 0; column < plan.columns; ++column) {
      const auto number = static_cast<std::size_t>(index * plan.columns + column);
      row.push_back(std::exchange(results[number], {}));
      if (!row.back().defined())
        row.back() = receive(plan, grid[number], operation, volume.options(), group, probe);
      probe.tensor({operation.communication_stage, static_cast<std::int64_t>(number)}, row.back());
    }
    const ProbeScope scope(probe, {operation.blend_stage, index});
    merger.add_row(row, [&](std::int64_t column, const at::Tensor& tile) {
      probe.tensor({operation.blend_stage, index * plan.columns + column}, tile);
    });
  }
  return merger.picture();
}

}  // namespace isoframe::model::vae
