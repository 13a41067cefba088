#include "model/vae/tile_executor.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/error.h"
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

/// A tile's own computation, with errors that say which tile it was: on a cluster that is half the diagnosis.
at::Tensor run_tile(const TilePlan& plan, const TileAssignment& tile, const at::Tensor& volume,
                    const TileOperation& operation) {
  try {
    return operation.run(cut(volume, plan, tile));
  } catch (const std::exception& error) {
    const std::string message = error.what();
    throw RunError(fmt::format("rank {}: {} {} (row {}, column {}, {} x {} of {} frames) failed: {}",
                               tile.rank, operation.tile_stage, plan.number(tile), tile.row, tile.column,
                               tile.height, tile.width, volume.size(0),
                               message.substr(0, message.find('\n'))));
  }
}

/// Starts to receive another rank's tile, on the merging rank.
std::unique_ptr<parallel::Exchange> start_receive(const TilePlan& plan, const TileAssignment& tile,
                                                  const TileOperation& operation,
                                                  const at::TensorOptions& options, parallel::Group& group) {
  const TileGeometry& geometry = plan.geometry;
  return group.start_receive({operation.output_frames, geometry.output_size(tile.height),
                              geometry.output_size(tile.width), operation.output_channels},
                             options, tile.rank, static_cast<int>(plan.number(tile)));
}

/// Tiles by number: own results, and exchanges under way with other ranks.
struct Tiles {
  explicit Tiles(std::size_t count) : results(count), exchanges(count) {}
  std::vector<at::Tensor> results;
  std::vector<std::unique_ptr<parallel::Exchange>> exchanges;
};

/// Starts to receive every tile of the other ranks.
void start_receives(const TilePlan& plan, const at::Tensor& volume, const TileOperation& operation,
                    parallel::Group& group, Tiles& tiles) {
  for (const TileAssignment& tile : plan.tiles) {
    if (tile.rank != kMergingRank)
      tiles.exchanges[plan.number(tile)] = start_receive(plan, tile, operation, volume.options(), group);
  }
}

/// Starts to send every tile that this rank has kept.
void start_sends(const TilePlan& plan, parallel::Group& group, Tiles& tiles) {
  for (const TileAssignment& tile : plan.tiles) {
    const std::int64_t number = plan.number(tile);
    if (tiles.results[number].defined())
      tiles.exchanges[number] =
          group.start_send(std::exchange(tiles.results[number], {}), kMergingRank, static_cast<int>(number));
  }
}

/// Runs every tile of this rank.  Where an exchange costs the device nothing each is sent as soon as it is
/// there, and the merging rank starts every receive before its first tile, so that tiles travel while later
/// ones are computed.  Where it occupies the device, as long as the other rank computes, all start at the
/// end.
Tiles run_own_tiles(const TilePlan& plan, const at::Tensor& volume, const TileOperation& operation,
                    parallel::Group& group, Probe& probe) {
  Tiles tiles(plan.tiles.size());
  const bool merges = group.rank() == kMergingRank;
  const bool is_early = !group.exchange_occupies_device();
  if (merges && is_early) start_receives(plan, volume, operation, group, tiles);
  for (const TileAssignment& tile : plan.tiles) {
    if (tile.rank != group.rank()) continue;
    const std::int64_t number = plan.number(tile);
    at::Tensor result;
    {
      const ProbeScope scope(probe, {operation.tile_stage, number});
      result = run_tile(plan, tile, volume, operation);
      probe.tensor({.name = operation.tile_stage, .index = number, .axes = axes::kFrames}, result);
    }
    tiles.results[number] = result;
    if (!merges && is_early) start_sends(plan, group, tiles);
  }
  if (merges && !is_early) start_receives(plan, volume, operation, group, tiles);
  if (!merges && !is_early) start_sends(plan, group, tiles);
  return tiles;
}

/// Waits until the exchange of tile `number` is complete, and returns its tensor.
at::Tensor arrived(Tiles& tiles, std::size_t number, const TileOperation& operation, Probe& probe) {
  const ProbeScope scope(probe, {operation.communication_stage, static_cast<std::int64_t>(number)});
  return std::exchange(tiles.exchanges[number], {})->wait();
}

}  // namespace

at::Tensor execute_tiles(const TilePlan& plan, const at::Tensor& volume, const TileOperation& operation,
                         parallel::Group& group, Probe& probe) {
  Tiles tiles = run_own_tiles(plan, volume, operation, group, probe);
  if (group.rank() != kMergingRank) {
    for (const TileAssignment& tile : plan.tiles)
      if (tiles.exchanges[plan.number(tile)]) arrived(tiles, plan.number(tile), operation, probe);
    return {};
  }

  TileMerger merger(plan.geometry, plan.geometry.output_size(volume.size(1)),
                    plan.geometry.output_size(volume.size(2)));
  for (std::int64_t index = 0; index < plan.rows; ++index) {
    std::vector<at::Tensor> row;
    for (std::int64_t column = 0; column < plan.columns; ++column) {
      const auto number = static_cast<std::size_t>(index * plan.columns + column);
      row.push_back(tiles.exchanges[number] ? arrived(tiles, number, operation, probe)
                                            : std::exchange(tiles.results[number], {}));
      probe.tensor({.name = operation.communication_stage,
                    .index = static_cast<std::int64_t>(number),
                    .axes = axes::kFrames},
                   row.back());
    }
    const ProbeScope scope(probe, {operation.blend_stage, index});
    merger.add_row(row, [&](std::int64_t column, const at::Tensor& tile) {
      probe.tensor(
          {.name = operation.blend_stage, .index = index * plan.columns + column, .axes = axes::kFrames},
          tile);
    });
  }
  return merger.picture();
}

}  // namespace isoframe::model::vae
