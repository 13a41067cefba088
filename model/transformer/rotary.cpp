#include "model/transformer/rotary.h"

#include <ATen/ATen.h>

#include "model/kernels/elementary.h"

namespace isoframe::model::transformer {

namespace {

/// Angles of positions 0 .. length - 1: [length, dim / 2].  Reference: get_1d_rotary_pos_embed, float32
/// throughout.
at::Tensor axis_angles(std::int64_t length, std::int64_t dim, double theta) {
  const at::Tensor exponents = at::arange(0, dim, 2, at::kFloat) / dim;
  const at::Tensor frequencies = at::reciprocal(at::pow(theta, exponents));
  return at::outer(at::arange(length, at::kFloat), frequencies);
}

}  // namespace

kernels::Rotary rotary_embedding(const TokenGrid& grid, const std::vector<std::int64_t>& axes_dim,
                                 double theta) {
  const auto whole = [&](const at::Tensor& frames, const at::Tensor& rows, const at::Tensor& columns) {
    const auto expanded = [&](const at::Tensor& axis, const std::vector<std::int64_t>& view) {
      std::vector<std::int64_t> shape = view;
      shape.push_back(axis.size(1));
      return axis.view(shape).expand({grid.frames, grid.height, grid.width, axis.size(1)});
    };
    return at::cat({expanded(frames, {grid.frames, 1, 1}), expanded(rows, {1, grid.height, 1}),
                    expanded(columns, {1, 1, grid.width})},
                   3)
        .view({grid.tokens(), -1});
  };
  const at::Tensor frames = axis_angles(grid.frames, axes_dim[0], theta);
  const at::Tensor rows = axis_angles(grid.height, axes_dim[1], theta);
  const at::Tensor columns = axis_angles(grid.width, axes_dim[2], theta);
  return {whole(kernels::cos(frames), kernels::cos(rows), kernels::cos(columns)),
          whole(kernels::sin(frames), kernels::sin(rows), kernels::sin(columns))};
}

}  // namespace isoframe::model::transformer
