#include "model/vae/vae.h"

#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "model/vae/decoder.h"
#include "model/vae/encoder.h"
#include "model/vae/tile_executor.h"

namespace isoframe::model::vae {

namespace {

/// Height and width in the geometry's positions of the input.
bool is_tiled(const TilingOptions& tiling, const TileGeometry& geometry, std::int64_t height,
              std::int64_t width) {
  return tiling.enabled && (height > geometry.tile || width > geometry.tile);
}

std::vector<TileAssignment> plan_of(const TilingOptions& tiling, const TileGeometry& geometry,
                                    const TileCosts& costs, std::int64_t frames, std::int64_t height,
                                    std::int64_t width, int ranks) {
  if (!is_tiled(tiling, geometry, height, width)) return {};
  return plan_tiles(geometry, frames, height, width, ranks, costs).tiles;
}

// [1, C, F, H, W] as [F, H, W, C], and back.
at::Tensor as_volume(const at::Tensor& batch) { return batch.squeeze(0).permute({1, 2, 3, 0}).contiguous(); }
at::Tensor as_batch(const at::Tensor& volume) { return volume.permute({3, 0, 1, 2}).unsqueeze(0); }

/// Tile by tile on all of the group, or in one piece on its rank 0, where the result is: [1, C, F, H, W] ->
/// [1, C', F', H', W'].
at::Tensor run(const TileOperation& operation, const TilingOptions& tiling, const TileGeometry& geometry,
               const TileCosts& costs, const at::Tensor& batch, parallel::Group* group, Probe& probe) {
  if (group == nullptr) return {};
  const std::int64_t height = batch.size(3), width = batch.size(4);
  if (!is_tiled(tiling, geometry, height, width))
    return group->rank() == 0 ? as_batch(operation.run(as_volume(batch))) : at::Tensor();
  const TilePlan plan = plan_tiles(geometry, batch.size(2), height, width, group->size(), costs);
  const at::Tensor merged = execute_tiles(plan, as_volume(batch), operation, *group, probe);
  return merged.defined() ? as_batch(merged) : merged;
}

void require_shape(const at::Tensor& x, const char* what, std::int64_t channels) {
  if (x.dim() != 5 || x.size(0) != 1 || x.size(1) != channels)
    throw InputError(fmt::format("the VAE takes {} of shape [1, {}, F, H, W], not [{}]", what, channels,
                                 fmt::join(x.sizes(), ", ")));
}

}  // namespace

struct Vae::Impl {
  Decoder decoder;
  Encoder encoder;
  std::shared_ptr<parallel::Group> vae_patch;
};

Vae::Vae(const VaeConfig& config, const checkpoint::Parameters& parameters,
         std::shared_ptr<parallel::Group> vae_patch)
    : config_(config),
      impl_(new Impl{Decoder(parameters["decoder"], config), Encoder(parameters["encoder"], config),
                     std::move(vae_patch)}) {}

Vae::~Vae() = default;
Vae::Vae(Vae&&) noexcept = default;

at::Tensor Vae::decode(const at::Tensor& latents, const TilingOptions& tiling, Probe& probe) const {
  require_shape(latents, "latents", config_.latent_channels);
  if (tiling.enabled) check_tiling(tiling, config_.spatial_compression_ratio);
  const TileOperation operation = {
      .run = [this](const at::Tensor& tile) { return impl_->decoder(tile); },
      .output_frames = 1 + config_.temporal_compression_ratio * (latents.size(2) - 1),
      .output_channels = config_.out_channels,
      .tile_stage = "decode.tile",
      .communication_stage = "decode.communication",
      .blend_stage = "decode.blend"};
  return run(operation, tiling, decode_geometry(tiling, config_.spatial_compression_ratio),
             tiling.decode_costs, latents, impl_->vae_patch.get(), probe);
}

at::Tensor Vae::encode(const at::Tensor& video, const TilingOptions& tiling, Probe& probe) const {
  require_shape(video, "a video", config_.in_channels);
  const std::int64_t spatial = config_.spatial_compression_ratio;
  const std::int64_t temporal = config_.temporal_compression_ratio;
  if ((video.size(2) - 1) % temporal != 0 || video.size(3) % spatial != 0 || video.size(4) % spatial != 0)
    throw InputError(fmt::format("the VAE takes 1 + {} n frames of {} x {} px multiples, not {} of {} x {}",
                                 temporal, spatial, spatial, video.size(2), video.size(3), video.size(4)));
  if (tiling.enabled) check_tiling(tiling, spatial);
  const TileOperation operation = {.run = [this](const at::Tensor& tile) { return impl_->encoder(tile); },
                                   .output_frames = 1 + (video.size(2) - 1) / temporal,
                                   .output_channels = 2 * config_.latent_channels,
                                   .tile_stage = "encode.tile",
                                   .communication_stage = "encode.communication",
                                   .blend_stage = "encode.blend"};
  return run(operation, tiling, encode_geometry(tiling, spatial), tiling.encode_costs, video,
             impl_->vae_patch.get(), probe);
}

std::vector<TileAssignment> Vae::decode_plan(std::int64_t frames, std::int64_t height, std::int64_t width,
                                             const TilingOptions& tiling, int vae_patch) const {
  if (tiling.enabled) check_tiling(tiling, config_.spatial_compression_ratio);
  return plan_of(tiling, decode_geometry(tiling, config_.spatial_compression_ratio), tiling.decode_costs,
                 frames, height, width, vae_patch);
}

std::vector<TileAssignment> Vae::encode_plan(std::int64_t frames, std::int64_t height, std::int64_t width,
                                             const TilingOptions& tiling, int vae_patch) const {
  if (tiling.enabled) check_tiling(tiling, config_.spatial_compression_ratio);
  return plan_of(tiling, encode_geometry(tiling, config_.spatial_compression_ratio), tiling.encode_costs,
                 frames, height, width, vae_patch);
}

}  // namespace isoframe::model::vae
