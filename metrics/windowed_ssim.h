#pragma once
// The sliding-window sums under SSIM and MS-SSIM.

#include <array>
#include <cstdint>
#include <vector>

namespace isoframe::metrics {

/// A separable, symmetric window of 11 or 7 weights a side.
struct SsimWindow {
  std::vector<double> weights;
  double covariance_factor = 1.0;  ///< N / (N - 1) for sample covariances of N pixels

  /// 11 x 11, sigma 1.5: Wang, Bovik, Sheikh, Simoncelli: Image quality assessment (2004).
  static SsimWindow gaussian();
  /// 7 x 7, all equal, with sample covariances: scikit-image's default.
  static SsimWindow uniform();

  std::int64_t side() const { return static_cast<std::int64_t>(weights.size()); }
};

/// SSIM of one frame.  Windows that leave the frame are not counted.
struct SsimOfFrame {
  std::array<double, 3> ssim{};                    ///< mean of l * c * s, by channel
  std::array<double, 3> cs{};                      ///< mean of c * s, by channel
  double lowest = 1.0;                             ///< the lowest SSIM of a window, channels averaged
  std::int64_t lowest_row = 0, lowest_column = 0;  ///< the top left pixel of that window

  double mean() const { return (ssim[0] + ssim[1] + ssim[2]) / 3.0; }
};

/// Keeps its buffers between frames: a few rows, not whole maps.
class WindowedSsim {
 public:
  explicit WindowedSsim(SsimWindow window) : window_(std::move(window)) {}

  const SsimWindow& window() const { return window_; }

  /// Interleaved RGB of 0 .. 255, both sides at least the window's.  Instantiated for std::uint8_t and float.
  template <typename Value>
  SsimOfFrame operator()(const Value* reference, const Value* candidate, std::int64_t height,
                         std::int64_t width);

 private:
  SsimWindow window_;
  std::vector<double> products_, vertical_, horizontal_, scores_, cs_;
};

}  // namespace isoframe::metrics
