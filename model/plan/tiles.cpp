#include "model/plan/tiles.h"

#include <algorithm>

#include "model/plan/operators.h"

namespace isoframe::model::plan {

namespace {

vae::TilePlan tiles_of(const Generation& generation, const vae::TileGeometry& geometry,
                       const vae::TileCosts& costs, std::int64_t frames, std::int64_t height,
                       std::int64_t width) {
  const bool is_tiled = generation.tiling.enabled && (height > geometry.tile || width > geometry.tile);
  vae::TilePlan none;
  none.geometry = geometry;
  if (!is_tiled) return none;
  return vae::plan_tiles(geometry, frames, height, width, generation.layout.vae_patch, costs);
}

bool runs(const vae::TilePlan& plan, int rank) {
  if (plan.tiles.empty()) return rank == 0;
  return std::ranges::any_of(plan.tiles, [&](const vae::TileAssignment& tile) { return tile.rank == rank; });
}

/// A stage's resnets, two convolutions each.
std::int64_t resnets_bytes(const Machine& machine, std::int64_t layers, std::int64_t in, std::int64_t out) {
  return packed_convolution_bytes(machine, in, out) +
         (2 * layers - 1) * packed_convolution_bytes(machine, out, out);
}

}  // namespace

vae::TilePlan decode_tiles(const ModelConfig& model, const Generation& generation) {
  const LatentSize latents = latent_size(model, generation);
  return tiles_of(generation, vae::decode_geometry(generation.tiling, model.vae.spatial_compression_ratio),
                  generation.tiling.decode_costs, latents.frames, latents.height, latents.width);
}

vae::TilePlan encode_tiles(const ModelConfig& model, const Generation& generation) {
  return tiles_of(generation, vae::encode_geometry(generation.tiling, model.vae.spatial_compression_ratio),
                  generation.tiling.encode_costs,
                  /*frames=*/1, generation.height, generation.width);
}

bool runs_decoder(const ModelConfig& model, const Generation& generation, int rank) {
  return runs(decode_tiles(model, generation), rank);
}

bool runs_encoder(const ModelConfig& model, const Generation& generation, int rank) {
  return generation.has_image() && runs(encode_tiles(model, generation), rank);
}

std::int64_t packed_decoder_bytes(const ModelConfig& model, const Machine& machine) {
  const vae::VaeConfig& config = model.vae;
  std::int64_t channels = config.block_out_channels.back();
  std::int64_t bytes = packed_convolution_bytes(machine, config.latent_channels, channels) +
                       4 * packed_convolution_bytes(machine, channels, channels);
  for (const vae::Stage& stage : vae::decoder_stages(config)) {
    bytes += resnets_bytes(machine, config.layers_per_block + 1, channels, stage.channels);
    channels = stage.resampled_channels;
    if (stage.resamples)
      bytes += packed_convolution_bytes(machine, stage.channels, channels * (stage.temporal ? 8 : 4));
  }
  return bytes + packed_convolution_bytes(machine, channels, config.out_channels);
}

std::int64_t packed_encoder_bytes(const ModelConfig& model, const Machine& machine) {
  const vae::VaeConfig& config = model.vae;
  std::int64_t channels = config.block_out_channels.front();
  std::int64_t bytes = packed_convolution_bytes(machine, config.in_channels, channels);
  for (const vae::Stage& stage : vae::encoder_stages(config)) {
    bytes += resnets_bytes(machine, config.layers_per_block, channels, stage.channels);
    channels = stage.resampled_channels;
    if (stage.resamples)
      bytes += packed_convolution_bytes(machine, stage.channels, channels / (stage.temporal ? 8 : 4));
  }
  return bytes + 4 * packed_convolution_bytes(machine, channels, channels) +
         packed_convolution_bytes(machine, channels, 2 * config.latent_channels);
}

}  // namespace isoframe::model::plan
