#include "model/vae/vae.h"

#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/error.h"
#include "model/vae/decoder.h"
#include "model/vae/encoder.h"
#include "model/vae/tile_executor.h"

namespace isoframe::model::vae {

namespace {

bool is_tiled(std::int64_t height, std::int64_t width, const TilingOptions& tiling,
              std::int64_t spatial_compression) {
  const std::int64_t tile = tiling.tile_size / spatial_compression;
  return tiling.enabled && (height > tile || width > tile);
}

// [1, C, F, H, W] as [F, H, W, C], and back.
at::Tensor as_volume(const at::Tensor& batch) { return batch.squeeze(0).permute({1, 2, 3, 0}).contiguous(); }
at::Tensor as_batch(const at::Tensor& volume) { return volume.permute({3, 0, 1, 2}).unsqueeze(0); }

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
  if (impl_->vae_patch == nullptr) return {};
  parallel::Group& group = *impl_->vae_patch;
  const std::int64_t frames = latents.size(2);
  const std::int64_t height = latents.size(3);
  const std::int64_t width = latents.size(4);
  if (!is_tiled(height, width, tiling, config_.spatial_compression_ratio))
    return group.rank() == 0 ? as_batch(impl_->decoder(as_volume(latents))) : at::Tensor();

  check_tiling(tiling, config_.spatial_compression_ratio);
  const TilePlan plan = plan_tiles(decode_geometry(tiling, config_.spatial_compression_ratio), frames, height,
                                   width, group.size());
  TileOperation operation;
  operation.run = [this](const at::Tensor& tile) { return impl_->decoder(tile); };
  operation.output_frames = 1 + config_.temporal_compression_ratio * (frames - 1);
  operation.output_channels = config_.out_channels;
  operation.tile_stage = "decode.tile";
  operation.communication_stage = "decode.communication";
  operation.blend_stage = "decode.blend";
  const at::Tensor picture = execute_tiles(plan, as_volume(latents), operation, group, probe);
  return picture.defined() ? as_batch(picture) : picture;
}

at::Tensor Vae::encode_moments(const at::Tensor& video) const {
  require_shape(video, "a video", config_.in_channels);
  const std::int64_t spatial = config_.spatial_compression_ratio;
  const std::int64_t temporal = config_.temporal_compression_ratio;
  if ((video.size(2) - 1) % temporal != 0 || video.size(3) % spatial != 0 || video.size(4) % spatial != 0)
    throw InputError(fmt::format("the VAE takes 1 + {} n frames of {} x {} px multiples, not {} of {} x {}",
                                 temporal, spatial, spatial, video.size(2), video.size(3), video.size(4)));
  return as_batch(impl_->encoder(as_volume(video)));
}

std::vector<TileAssignment> Vae::decode_plan(std::int64_t frames, std::int64_t height, std::int64_t width,
                                             const TilingOptions& tiling, int vae_patch) const {
  const std::int64_t spatial = config_.spatial_compression_ratio;
  if (!is_tiled(height, width, tiling, spatial)) return {};
  check_tiling(tiling, spatial);
  return plan_tiles(decode_geometry(tiling, spatial), frames, height, width, vae_patch).tiles;
}

}  // namespace isoframe::model::vae
