#include "metrics/comparison.h"

#include <algorithm>

#include "metrics/psnr.h"
#include "metrics/ssim.h"
#include "metrics/vectorize.h"

namespace isoframe::metrics {

namespace {

struct ByteDifference {
  std::int64_t count = 0;
  int max = 0;
};

ISOFRAME_METRICS_VECTORIZED ByteDifference byte_difference(const std::uint8_t* a, const std::uint8_t* b,
                                                           std::int64_t count) {
  ByteDifference result;
  for (std::int64_t i = 0; i < count; ++i) {
    const int difference = std::abs(static_cast<int>(a[i]) - static_cast<int>(b[i]));
    result.count += difference != 0 ? 1 : 0;
    result.max = std::max(result.max, difference);
  }
  return result;
}

bool same_planes(const YuvFrame& a, const YuvFrame& b) {
  if (a.format.empty() || a.format != b.format) return false;
  for (std::size_t p = 0; p < 3; ++p)
    if (a.planes[p].width != b.planes[p].width || a.planes[p].height != b.planes[p].height) return false;
  return true;
}

FrameScores psnr_scores(const std::vector<double>& per_frame, double error, double values) {
  FrameScores scores = scores_of(per_frame);
  scores.mean = decibels(error, values);
  return scores;
}

}  // namespace

ComparisonSum::ComparisonSum(std::int64_t height, std::int64_t width)
    : height_(height),
      width_(width),
      large_enough_(std::min(height, width) >= kSsimWindow),
      to_yuv_(height, width) {}

void ComparisonSum::add(const Frame& reference, const Frame& candidate) {
  const auto values = static_cast<std::int64_t>(reference.rgb.size());
  have_floats_ = have_floats_ && !reference.floats.empty() && !candidate.floats.empty();
  if (have_floats_) floats_.add(reference.floats.data(), candidate.floats.data(), values);

  const std::uint64_t error = squared_error(reference.rgb.data(), candidate.rgb.data(), values);
  const double luma_error = squared_luma_error(reference.rgb.data(), candidate.rgb.data(), values / 3);
  psnr_frames_.push_back(decibels(static_cast<double>(error), static_cast<double>(values)));
  luma_frames_.push_back(decibels(luma_error, static_cast<double>(values) / 3.0));
  error_ += static_cast<double>(error);
  luma_error_ += luma_error;
  if (error > 0) {
    add_different(reference, candidate);
  } else {
    // Exact by definition, and the usual case costs nothing.
    ssim_frames_.push_back(1.0);
    ms_ssim_frames_.push_back(1.0);
    pixels_.add_equal(values / 3);
  }
  temporal_.add(reference.rgb.data(), candidate.rgb.data(), values);
  add_planes(reference, candidate);
  ++frames_;
}

void ComparisonSum::add_different(const Frame& reference, const Frame& candidate) {
  const std::uint8_t* x = reference.rgb.data();
  const std::uint8_t* y = candidate.rgb.data();
  if (!sum_.first_different_frame) sum_.first_different_frame = frames_;
  const ByteDifference bytes = byte_difference(x, y, static_cast<std::int64_t>(reference.rgb.size()));
  pixels_.add(x, y, height_ * width_);
  sum_.differing_bytes += bytes.count;
  sum_.max_byte_difference = std::max(sum_.max_byte_difference, bytes.max);

  Region region = worst_region(x, y, height_, width_);
  region.frame = frames_;
  if (!sum_.worst || region.psnr < sum_.worst->psnr) sum_.worst = region;

  if (!large_enough_) return;
  const SsimOfFrame score = ssim_(x, y, height_, width_);
  ssim_frames_.push_back(score.mean());
  if (!sum_.lowest_ssim || score.lowest < sum_.lowest_ssim->ssim)
    sum_.lowest_ssim = SsimLocation{frames_, score.lowest_column, score.lowest_row, score.lowest};
  if (const auto ms_ssim = ms_ssim_(x, y, height_, width_)) ms_ssim_frames_.push_back(*ms_ssim);
}

void ComparisonSum::add_planes(const Frame& reference, const Frame& candidate) {
  if (same_planes(reference.yuv, candidate.yuv)) {
    sum_.planes = reference.yuv.format;
    ffmpeg_.add(reference.yuv, candidate.yuv);
    return;
  }
  sum_.planes = "yuv420p from RGB";
  to_yuv_(reference.rgb.data(), reference_yuv_);
  to_yuv_(candidate.rgb.data(), candidate_yuv_);
  ffmpeg_.add(reference_yuv_, candidate_yuv_);
}

Comparison ComparisonSum::result() const {
  Comparison result = sum_;
  const double pixels = static_cast<double>(frames_ * height_ * width_);
  result.frames = frames_;
  if (have_floats_ && frames_ > 0) result.floats = floats_.result();
  result.psnr = psnr_scores(psnr_frames_, error_, 3.0 * pixels);
  result.psnr_luma = psnr_scores(luma_frames_, luma_error_, pixels);
  if (large_enough_) result.ssim = scores_of(ssim_frames_);
  if (std::min(height_, width_) >= kMsSsimShortestSide) result.ms_ssim = scores_of(ms_ssim_frames_);
  result.temporal = temporal_.result();
  result.pixels = pixels_.result();
  result.ffmpeg = ffmpeg_.result();
  return result;
}

}  // namespace isoframe::metrics
