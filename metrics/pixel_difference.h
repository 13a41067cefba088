#pragma once
// How far pixels are apart, in 8-bit steps: the tail that a mean hides.

#include <array>
#include <cstdint>

namespace isoframe::metrics {

/// Differences beyond which pixels are counted.
inline constexpr std::array<int, 5> kPixelSteps = {1, 2, 4, 8, 16};

/// Differences of all pixels of a video; a pixel's is the largest of its channels'.
struct PixelDifference {
  double mean = 0.0;
  double percentile_99 = 0.0;  ///< interpolated between two pixels, as NumPy's percentile() does
  double percentile_99_9 = 0.0;
  std::array<double, kPixelSteps.size()> share_beyond =
      {};  ///< of pixels that differ by more than kPixelSteps[k]
};

/// Counts frame by frame; its memory is one count for each possible difference.
class PixelDifferenceSum {
 public:
  /// The next frame of both, as RGB.
  void add(const std::uint8_t* reference, const std::uint8_t* candidate, std::int64_t pixels);
  /// The next frame, which is equal in both.
  void add_equal(std::int64_t pixels) { counts_[0] += pixels; }
  PixelDifference result() const;

 private:
  std::array<std::int64_t, 256> counts_ = {};  ///< of pixels, by difference
};

}  // namespace isoframe::metrics
