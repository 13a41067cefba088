#pragma once
// The numbers of FFmpeg's `ssim` and `psnr` filters, so that reports made with either can be compared.

#include <array>
#include <cstdint>

#include "metrics/yuv.h"

namespace isoframe::metrics {

/// Means over the video as the filters print them at its end.
struct FfmpegScores {
  std::array<double, 3> ssim{};  ///< Y, U, V; NaN where a plane is smaller than 8 x 8
  double ssim_all = 0.0;         ///< planes weighted by their pixels
  std::array<double, 3>
      psnr{};  ///< y, u, v: of the squared error averaged over frames; infinite if all equal
  double psnr_average = 0.0;
  double psnr_min = 0.0, psnr_max = 0.0;  ///< of a single frame
};

/// Adds up frame by frame.  SSIM: 8 x 8 windows every 4 pixels, integer sums, constants of sample covariances
/// (libavfilter/vf_ssim.c, after x264); PSNR: libavfilter/vf_psnr.c.  8-bit planes.
class FfmpegScoresSum {
 public:
  /// Adds a pair of frames, both of one format and size.
  void add(const YuvFrame& reference, const YuvFrame& candidate);
  FfmpegScores result() const;

 private:
  std::int64_t frames_ = 0;
  std::array<double, 3> ssim_{}, error_{};
  double ssim_all_ = 0.0, error_all_ = 0.0, smallest_error_ = 0.0, largest_error_ = 0.0;
};

}  // namespace isoframe::metrics
