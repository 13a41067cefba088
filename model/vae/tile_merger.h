#pragma once
// The grid of tiles becomes one picture again, row by row.

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/vae/tile_plan.h"

namespace isoframe::model::vae {

/// Blends the first positions of `tile` along `dim` with the last ones of `before`, in place: at distance i
/// of `extent`, before * (1 - i/extent) + tile * i/extent.  A thin tile on either side shortens the extent.
/// Reference: AutoencoderKLHunyuanVideo15.blend_v, blend_h (diffusers 0.42).
void blend(const at::Tensor& before, const at::Tensor& tile, std::int64_t extent, std::int64_t dim);

/// Takes rows of tiles from the top.  Each tile is blended with the one above, then with the one to its left,
/// both as they are after their own blending; then it is cropped to the geometry's limit.  Any other order
/// gives other pixels.
class TileMerger {
 public:
  /// The picture is [F, H, W, C], of the output's `height` and `width`.
  TileMerger(const TileGeometry& geometry, std::int64_t height, std::int64_t width);

  /// `row`: the tiles from left to right, [F, h, w, C] each.  They are written to.  `show` is given each
  /// column's tile when it is blended and not yet in the picture.
  void add_row(
      const std::vector<at::Tensor>& row,
      const std::function<void(std::int64_t column, const at::Tensor& tile)>& show =
          [](std::int64_t, const at::Tensor&) {});

  /// The picture, after the last row.
  at::Tensor picture() const { return picture_; }

 private:
  TileGeometry geometry_;
  std::int64_t height_;
  std::int64_t width_;
  std::int64_t next_top_ = 0;
  std::vector<at::Tensor>
      bottoms_;  ///< of the row above, blended: no more than the next row's blending reads
  at::Tensor picture_;
};

}  // namespace isoframe::model::vae
