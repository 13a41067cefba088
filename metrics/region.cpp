#include "metrics/region.h"

#include <algorithm>
#include <vector>

#include "metrics/psnr.h"

namespace isoframe::metrics {

namespace {

std::int64_t error_of_pixel(const std::uint8_t* a, const std::uint8_t* b) {
  std::int64_t sum = 0;
  for (int c = 0; c < 3; ++c) sum += (a[c] - b[c]) * (a[c] - b[c]);
  return sum;
}

}  // namespace

Region worst_region(const std::uint8_t* reference, const std::uint8_t* candidate, std::int64_t height,
                    std::int64_t width) {
  Region region;
  region.width = std::min(width, kRegionSide);
  region.height = std::min(height, kRegionSide);
  // Columns of squared errors that are as high as the region; one row enters, one leaves.
  std::vector<std::int64_t> columns(static_cast<std::size_t>(width), 0);
  const auto add_row = [&](std::int64_t row, std::int64_t sign) {
    for (std::int64_t x = 0; x < width; ++x) {
      const std::int64_t at = 3 * (row * width + x);
      columns[static_cast<std::size_t>(x)] += sign * error_of_pixel(reference + at, candidate + at);
    }
  };
  std::int64_t largest = -1;
  for (std::int64_t row = 0; row < height; ++row) {
    add_row(row, 1);
    const std::int64_t top = row + 1 - region.height;
    if (top < 0) continue;
    if (top > 0) add_row(top - 1, -1);
    std::int64_t sum = 0;
    for (std::int64_t x = 0; x < width; ++x) {
      sum += columns[static_cast<std::size_t>(x)];
      const std::int64_t left = x + 1 - region.width;
      if (left < 0) continue;
      if (left > 0) sum -= columns[static_cast<std::size_t>(left - 1)];
      if (sum <= largest) continue;
      largest = sum;
      region.x = left;
      region.y = top;
    }
  }
  region.psnr = decibels(static_cast<double>(largest), static_cast<double>(3 * region.width * region.height));
  return region;
}

}  // namespace isoframe::metrics
