#include "model/vae/tile_plan.h"

#include <algorithm>

namespace isoframe::model::vae {

namespace {

std::int64_t truncated_product(std::int64_t size, double factor) {
  return static_cast<std::int64_t>(static_cast<double>(size) * factor);
}

}  // namespace

TileGeometry decode_geometry(const TilingOptions& options, std::int64_t spatial_compression) {
  TileGeometry geometry;
  geometry.tile = options.tile_size / spatial_compression;
  geometry.stride = truncated_product(geometry.tile, 1.0 - options.overlap);
  geometry.blend = truncated_product(options.tile_size, options.overlap);
  geometry.limit = options.tile_size - geometry.blend;
  geometry.output_unit = spatial_compression;
  return geometry;
}

TileGeometry encode_geometry(const TilingOptions& options, std::int64_t spatial_compression) {
  const std::int64_t tile_in_latents = options.tile_size / spatial_compression;
  TileGeometry geometry;
  geometry.tile = options.tile_size;
  geometry.stride = truncated_product(options.tile_size, 1.0 - options.overlap);
  geometry.blend = truncated_product(tile_in_latents, options.overlap);
  geometry.limit = tile_in_latents - geometry.blend;
  geometry.input_unit = spatial_compression;
  return geometry;
}

std::vector<TileAssignment> TilePlan::in_grid_order() const {
  std::vector<TileAssignment> sorted = tiles;
  std::sort(sorted.begin(), sorted.end(),
            [this](const TileAssignment& a, const TileAssignment& b) { return number(a) < number(b); });
  return sorted;
}

TilePlan plan_tiles(const TileGeometry& geometry, std::int64_t frames, std::int64_t height,
                    std::int64_t width, int ranks) {
  TilePlan plan;
  plan.geometry = geometry;
  plan.rows = (height + geometry.stride - 1) / geometry.stride;
  plan.columns = (width + geometry.stride - 1) / geometry.stride;
  for (std::int64_t row = 0; row < plan.rows; ++row) {
    for (std::int64_t column = 0; column < plan.columns; ++column) {
      TileAssignment tile;
      tile.row = row;
      tile.column = column;
      tile.height = std::min(geometry.tile, height - row * geometry.stride);
      tile.width = std::min(geometry.tile, width - column * geometry.stride);
      tile.workload = static_cast<double>(frames * tile.height * tile.width);
      plan.tiles.push_back(tile);
    }
  }
  std::stable_sort(plan.tiles.begin(), plan.tiles.end(),
                   [](const TileAssignment& a, const TileAssignment& b) { return a.workload > b.workload; });
  std::vector<double> load(static_cast<std::size_t>(ranks), 0.0);
  for (TileAssignment& tile : plan.tiles) {
    const auto least = std::min_element(load.begin(), load.end());
    tile.rank = static_cast<int>(least - load.begin());
    *least += tile.workload;
  }
  return plan;
}

}  // namespace isoframe::model::vae
