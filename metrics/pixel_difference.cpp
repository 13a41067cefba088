#include "metrics/pixel_difference.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>

namespace isoframe::metrics {

namespace {

using Counts = std::array<std::int64_t, 256>;

/// The difference of the pixel at `rank` from 0 among all in ascending order.
double at_rank(const Counts& counts, std::int64_t rank) {
  std::int64_t below = 0;
  for (std::size_t difference = 0; difference < counts.size(); ++difference) {
    below += counts[difference];
    if (rank < below) return static_cast<double>(difference);
  }
  return 0.0;
}

double percentile(const Counts& counts, std::int64_t pixels, double share) {
  const double rank = share * static_cast<double>(pixels - 1);
  const double whole = std::floor(rank);
  const auto lower = static_cast<std::int64_t>(whole);
  const double low = at_rank(counts, lower), high = at_rank(counts, std::min(lower + 1, pixels - 1));
  return low + (rank - whole) * (high - low);
}

}  // namespace

void PixelDifferenceSum::add(const std::uint8_t* reference, const std::uint8_t* candidate,
                             std::int64_t pixels) {
  constexpr std::int64_t kChannels = 3;
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
    int largest = 0;
    for (std::int64_t channel = 0; channel < kChannels; ++channel) {
      const std::int64_t at = pixel * kChannels + channel;
      largest =
          std::max(largest, std::abs(static_cast<int>(reference[at]) - static_cast<int>(candidate[at])));
    }
    ++counts_[static_cast<std::size_t>(largest)];
  }
}

PixelDifference PixelDifferenceSum::result() const {
  std::int64_t pixels = 0;
  double sum = 0.0;
  std::array<std::int64_t, kPixelSteps.size()> beyond = {};
  for (std::size_t difference = 0; difference < counts_.size(); ++difference) {
    pixels += counts_[difference];
    sum += static_cast<double>(difference) * static_cast<double>(counts_[difference]);
    for (std::size_t k = 0; k < kPixelSteps.size(); ++k)
      if (static_cast<int>(difference) > kPixelSteps[k]) beyond[k] += counts_[difference];
  }
  PixelDifference result;
  if (pixels == 0) return result;
  result.mean = sum / static_cast<double>(pixels);
  result.percentile_99 = percentile(counts_, pixels, 0.99);
  result.percentile_99_9 = percentile(counts_, pixels, 0.999);
  for (std::size_t k = 0; k < beyond.size(); ++k)
    result.share_beyond[k] = static_cast<double>(beyond[k]) / static_cast<double>(pixels);
  return result;
}

}  // namespace isoframe::metrics
