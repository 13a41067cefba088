#pragma once
// The region of a frame in which two pictures are furthest apart.

#include <cstdint>

namespace isoframe::metrics {

/// Side of the square that is looked for; smaller where a frame is.
inline constexpr std::int64_t kRegionSide = 32;

struct Region {
  std::int64_t frame = 0;
  std::int64_t x = 0, y = 0;  ///< its top left pixel
  std::int64_t width = 0, height = 0;
  double psnr = 0.0;  ///< PSNR of its pixels
};

/// The square of kRegionSide pixels with the largest squared error, at any position; the first of them in
/// reading order.  Interleaved 8-bit RGB.
Region worst_region(const std::uint8_t* reference, const std::uint8_t* candidate, std::int64_t height,
                    std::int64_t width);

}  // namespace isoframe::metrics
