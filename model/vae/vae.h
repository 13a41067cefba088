#pragma once
// The causal 3-D VAE.  Reference: AutoencoderKLHunyuanVideo15 (diffusers 0.42).

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/parameters.h"
#include "model/parallel/group.h"
#include "model/probe.h"
#include "model/vae/config.h"
#include "model/vae/tile_plan.h"
#include "model/vae/tiling.h"

namespace isoframe::model::vae {

class Vae {
 public:
  /// Builds decoder and encoder.  `vae_patch` is the VAEPP group, null on ranks outside it.
  Vae(const VaeConfig& config, const checkpoint::Parameters& parameters,
      std::shared_ptr<parallel::Group> vae_patch);
  ~Vae();
  Vae(Vae&&) noexcept;

  /// latents: [1, latent_channels, F, H, W], already divided by the scaling factor -> [1, 3, 1 + 4(F-1), 16H,
  /// 16W] in about [-1, 1], on rank 0 of the VAEPP group; an undefined tensor on every other rank, which
  /// nobody needs there. Tiled when `tiling.enabled` and H or W exceeds the tile.
  at::Tensor decode(const at::Tensor& latents, const TilingOptions& tiling, Probe& probe) const;

  /// video: [1, 3, 1 + 4(f-1), 16h, 16w] in [-1, 1] -> [1, 2 * latent_channels, f, h, w] on rank 0 of the
  /// VAEPP group, an undefined tensor on every other rank: the mean of the posterior (its mode), then the
  /// logarithm of its variance; the scaling factor is not applied.  Tiled as decode() is; tiles are blended
  /// in latents.
  at::Tensor encode(const at::Tensor& video, const TilingOptions& tiling, Probe& probe) const;

  /// The plan that decode() follows for latents of this size on `vae_patch` ranks, in the order of execution;
  /// empty where it would not tile.
  std::vector<TileAssignment> decode_plan(std::int64_t frames, std::int64_t height, std::int64_t width,
                                          const TilingOptions& tiling, int vae_patch) const;
  /// The plan that encode() follows for a video of this size.
  std::vector<TileAssignment> encode_plan(std::int64_t frames, std::int64_t height, std::int64_t width,
                                          const TilingOptions& tiling, int vae_patch) const;

  const VaeConfig& config() const { return config_; }

 private:
  struct Impl;
  VaeConfig config_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isoframe::model::vae
