#pragma once
// VAE tiling in H and W: where tiles lie, what each costs, who runs it, and how the grid becomes one picture
// again. Reference: AutoencoderKLHunyuanVideo15.tiled_decode / tiled_encode (diffusers 0.42).

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace isoframe::model::vae {

/// What a user sets.  Sizes in pixels.
struct TilingOptions {
  bool enabled = true;
  std::int64_t tile_size = 256;  ///< tile_sample_min_height and _width
  double overlap = 0.25;         ///< tile_overlap_factor
};

/// Throws InputError unless tile_size is a multiple of `spatial_compression`, 0 <= overlap < 1, and the
/// stride in latents, tile/compression * (1 - overlap), is whole: otherwise the strides in latents and in
/// pixels drift apart and the frames come out larger than asked.  Names the nearest sizes that are good.
void check_tiling(const TilingOptions& options, std::int64_t spatial_compression);

}  // namespace isoframe::model::vae
