#pragma once
// The grid of tiles in the input, and the part of the output that each gives.

#include <cstdint>

#include "model/vae/tiling_options.h"

namespace isoframe::model::vae {

/// One direction's tiling.  `tile` and `stride` count positions of the input, `blend` and `limit` positions
/// of the output; the same in H and W.
struct TileGeometry {
  std::int64_t tile = 0;
  std::int64_t stride = 0;
  std::int64_t blend = 0;        ///< how far a tile is blended with the one above and the one to its left
  std::int64_t limit = 0;        ///< what a tile gives to the picture at most
  std::int64_t input_unit = 1;   ///< positions of the input ...
  std::int64_t output_unit = 1;  ///< ... that become these of the output

  std::int64_t output_size(std::int64_t input_size) const { return input_size / input_unit * output_unit; }
};

/// Geometry of latents to pixels, and of pixels to latents; products are truncated as by Python's int().
/// Reference: AutoencoderKLHunyuanVideo15.tiled_decode, tiled_encode (diffusers 0.42).
TileGeometry decode_geometry(const TilingOptions& options, std::int64_t spatial_compression);
TileGeometry encode_geometry(const TilingOptions& options, std::int64_t spatial_compression);

}  // namespace isoframe::model::vae
