#pragma once
// Every metric of two videos in one pass, frame by frame.

#include <cstdint>
#include <optional>
#include <string>

#include "metrics/ffmpeg_scores.h"
#include "metrics/float_difference.h"
#include "metrics/frame_reader.h"
#include "metrics/frame_scores.h"
#include "metrics/ms_ssim.h"
#include "metrics/pixel_difference.h"
#include "metrics/region.h"
#include "metrics/temporal.h"
#include "metrics/windowed_ssim.h"

namespace isoframe::metrics {

/// The window of kSsimWindow x kSsimWindow pixels with the lowest SSIM.
struct SsimLocation {
  std::int64_t frame = 0;
  std::int64_t x = 0, y = 0;  ///< its top left pixel
  double ssim = 1.0;          ///< channels averaged
};

struct Comparison {
  std::int64_t frames = 0;
  std::optional<FloatDifference> floats;  ///< if both have floats
  std::int64_t differing_bytes = 0;       ///< 8-bit values
  int max_byte_difference = 0;
  std::optional<std::int64_t> first_different_frame;  ///< in 8 bits
  FrameScores psnr, psnr_luma;
  std::optional<FrameScores> ssim;          ///< nothing if frames are smaller than its window
  std::optional<FrameScores> ms_ssim;       ///< nothing if frames are too small for five scales
  std::optional<SsimLocation> lowest_ssim;  ///< nothing if all frames are equal
  std::optional<Region> worst;              ///< kRegionSide; nothing where all frames are equal
  std::string planes;  ///< planes that `ffmpeg` was computed on: "yuv420p", "yuv420p from RGB"
  FfmpegScores ffmpeg;
  TemporalDifference temporal;
  PixelDifference pixels;

  bool equal_bytes() const { return differing_bytes == 0; }
};

/// Adds up frame by frame; memory does not grow but for one number a frame and metric.
class ComparisonSum {
 public:
  ComparisonSum(std::int64_t height, std::int64_t width);

  /// Adds the next frame of both.
  void add(const Frame& reference, const Frame& candidate);
  Comparison result() const;

 private:
  void add_planes(const Frame& reference, const Frame& candidate);
  void add_different(const Frame& reference, const Frame& candidate);

  std::int64_t height_, width_, frames_ = 0;
  bool large_enough_;
  Comparison sum_;
  FloatDifferenceSum floats_;
  bool have_floats_ = true;
  WindowedSsim ssim_{SsimWindow::gaussian()};
  MsSsim ms_ssim_;
  FfmpegScoresSum ffmpeg_;
  TemporalDifferenceSum temporal_;
  PixelDifferenceSum pixels_;
  RgbToYuv420 to_yuv_;
  YuvFrame reference_yuv_, candidate_yuv_;
  std::vector<double> psnr_frames_, luma_frames_, ssim_frames_, ms_ssim_frames_;
  double error_ = 0.0, luma_error_ = 0.0;
};

}  // namespace isoframe::metrics
