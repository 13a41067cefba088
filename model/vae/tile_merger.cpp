#include "model/vae/tile_merger.h"

#include <algorithm>

#include <ATen/ATen.h>

namespace isoframe::model::vae {

namespace {

constexpr std::int64_t kHeight = 1;
constexpr std::int64_t kWidth = 2;

}  // namespace

void blend(const at::Tensor& before, const at::Tensor& tile, std::int64_t extent, std::int64_t dim) {
  extent = std::min({before.size(dim), tile.size(dim), extent});
  if (extent == 0) return;
  std::vector<std::int64_t> along_dim(static_cast<std::size_t>(tile.dim()), 1);
  along_dim[static_cast<std::size_t>(dim)] = extent;
  const at::Tensor ramp = at::arange(extent, at::kDouble).div_(static_cast<double>(extent)).view(along_dim);
  const at::Tensor own = ramp.to(tile.options());
  const at::Tensor other = ramp.neg().add_(1.0).to(tile.options());
  tile.narrow(dim, 0, extent).mul_(own).add_(before.narrow(dim, before.size(dim) - extent, extent) * other);
}

TileMerger::TileMerger(const TileGeometry& geometry, std::int64_t height, std::int64_t width)
    : geometry_(geometry), height_(height), width_(width) {}

void TileMerger::add_row(const std::vector<at::Tensor>& row,
                         const std::function<void(std::int64_t, const at::Tensor&)>& show) {
  if (!picture_.defined())
    picture_ = at::empty({row[0].size(0), height_, width_, row[0].size(3)}, row[0].options());
  std::vector<at::Tensor> bottoms;
  const std::int64_t height = std::min(row[0].size(kHeight), geometry_.limit);
  std::int64_t left = 0;
  for (std::size_t column = 0; column < row.size(); ++column) {
    const at::Tensor& tile = row[column];
    if (!bottoms_.empty()) blend(bottoms_[column], tile, geometry_.blend, kHeight);
    if (column > 0) blend(row[column - 1], tile, geometry_.blend, kWidth);
    show(static_cast<std::int64_t>(column), tile);
    const std::int64_t width = std::min(tile.size(kWidth), geometry_.limit);
    picture_.narrow(kHeight, next_top_, height)
        .narrow(kWidth, left, width)
        .copy_(tile.narrow(kHeight, 0, height).narrow(kWidth, 0, width));
    left += width;
    const std::int64_t kept = std::min(tile.size(kHeight), geometry_.blend);
    bottoms.push_back(tile.narrow(kHeight, tile.size(kHeight) - kept, kept).clone());
  }
  next_top_ += height;
  bottoms_ = std::move(bottoms);
}

}  // namespace isoframe::model::vae
