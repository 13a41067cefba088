#pragma once
// The causal 3-D VAE.  Reference: AutoencoderKLHunyuanVideo15 (diffusers 0.42).

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/config.h"
#include "model/checkpoint/parameters.h"
#include "model/parallel/group.h"
#include "model/probe.h"
#include "model/vae/tiling.h"

namespace isoframe::model::vae {

/// vae/config.json, under its own names.
struct VaeConfig {
  std::int64_t in_channels = 3;
  std::int64_t out_channels = 3;
  std::int64_t latent_channels = 32;
  std::vector<std::int64_t> block_out_channels = {128, 256, 512, 1024, 1024};
  std::int64_t layers_per_block = 2;
  std::int64_t spatial_compression_ratio = 16;
  std::int64_t temporal_compression_ratio = 4;
  bool downsample_match_channel = true;
  bool upsample_match_channel = true;
  double scaling_factor = 1.03682;

  /// Throws InputError for a config of another class or with values that do not fit together.
  static VaeConfig from(const checkpoint::Config& config);
};

/// Which tile ran where, and for how long: one row a tile, the same on every rank that is in the VAEPP group.
struct TileAssignment {
  std::int64_t row = 0;
  std::int64_t column = 0;
  std::int64_t height = 0;  ///< of the input (latents for decode)
  std::int64_t width = 0;
  int rank = 0;
  double workload = 0.0;  ///< the plan's estimate, in units of input positions
};

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

  /// The plan that decode() follows for latents of this size; empty where it would not tile.
  std::vector<TileAssignment> decode_plan(std::int64_t frames, std::int64_t height, std::int64_t width,
                                          const TilingOptions& tiling, int vae_patch) const;

  const VaeConfig& config() const { return config_; }

 private:
  struct Impl;
  VaeConfig config_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isoframe::model::vae
