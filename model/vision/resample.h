#pragma once
// Separable resampling in fixed point, pixel for pixel what Pillow computes.

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace isoframe::model::vision {

/// Numbered as PIL.Image.Resampling, which processor configs refer to.
enum class Filter { kLanczos = 1, kBilinear = 2, kBicubic = 3 };

/// One side of the resized picture, and the part of it that is wanted.
struct ResizedSide {
  std::int64_t size = 0;
  std::int64_t begin = 0;
  std::int64_t count = 0;

  static ResizedSide whole(std::int64_t size) { return {size, 0, size}; }
};

/// uint8 [H, W, C] resized to rows.size x columns.size, then cut to the part wanted -> uint8 [rows.count,
/// columns.count, C].  Only what reaches that part is computed.
/// Reference: Image.resize (Pillow 13), 8 bits a channel: a filter widened by the scale where the picture
/// shrinks, weights rounded to 22 bits, a pass over each side, both rounded to 8 bits.
at::Tensor resample(const at::Tensor& image, const ResizedSide& rows, const ResizedSide& columns,
                    Filter filter);

}  // namespace isoframe::model::vision
