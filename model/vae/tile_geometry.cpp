#include "model/vae/tile_geometry.h"

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

}  // namespace isoframe::model::vae
