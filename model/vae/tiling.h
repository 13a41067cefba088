#pragma once
// The rule that a tiling must keep.

#include <cstdint>

#include "model/vae/tiling_options.h"

namespace isoframe::model::vae {

/// Throws InputError unless tile_size is a multiple of `spatial_compression`, 0 <= overlap < 1, and the
/// stride in latents, tile/compression * (1 - overlap), is whole: otherwise the strides in latents and in
/// pixels drift apart and the frames come out larger than asked.  Names the nearest sizes that are good.
void check_tiling(const TilingOptions& options, std::int64_t spatial_compression);

}  // namespace isoframe::model::vae
