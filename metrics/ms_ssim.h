#pragma once
// Multi-scale structural similarity.  Wang, Simoncelli, Bovik: Multiscale structural similarity for image
// quality assessment (2003).

#include <optional>

#include "metrics/frames.h"
#include "metrics/windowed_ssim.h"

namespace isoframe::metrics {

/// Shortest side that leaves room for the window at the fifth scale.
inline constexpr std::int64_t kMsSsimShortestSide = 161;

/// MS-SSIM of one pair of frames: five scales of the 11 x 11 Gaussian window, each half of the one before (2
/// x 2 means; an odd last row or column counts twice, as the authors' code mirrors it), contrast and
/// structure of all of them and luminance of the last, weighted by 0.0448, 0.2856, 0.3001, 0.2363, 0.1333;
/// negative terms count as 0; channels are averaged.
class MsSsim {
 public:
  /// Compares interleaved 8-bit RGB. Nothing if a side is shorter than kMsSsimShortestSide.
  std::optional<double> operator()(const std::uint8_t* reference, const std::uint8_t* candidate,
                                   std::int64_t height, std::int64_t width);

 private:
  WindowedSsim ssim_{SsimWindow::gaussian()};
};

}  // namespace isoframe::metrics
