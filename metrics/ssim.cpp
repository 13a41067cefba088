#include "metrics/ssim.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include <fmt/format.h>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "model/error.h"

namespace isoframe::metrics {

namespace {

constexpr double kSigma = 1.5;
constexpr int kRadius = static_cast<int>(kSsimWindow / 2);
constexpr double kC1 = (0.01 * 255.0) * (0.01 * 255.0);
constexpr double kC2 = (0.03 * 255.0) * (0.03 * 255.0);

/// The Gaussian window over one frame's planes, with buffers that are kept between frames.
class WindowedMean {
 public:
  WindowedMean() : kernel_(cv::getGaussianKernel(static_cast<int>(kSsimWindow), kSigma, CV_64F)) {}

  void operator()(const cv::Mat& values, cv::Mat& means) const {
    cv::sepFilter2D(values, means, CV_64F, kernel_, kernel_, {-1, -1}, 0.0, cv::BORDER_REFLECT);
  }

 private:
  cv::Mat kernel_;
};

class FrameSsim {
 public:
  /// Both frames: [height, width, 3] of 8 bits.
  double operator()(const cv::Mat& reference, const cv::Mat& candidate) {
    reference.convertTo(x_, CV_64F);
    candidate.convertTo(y_, CV_64F);
    mean_(x_, mean_x_);
    mean_(y_, mean_y_);
    cv::multiply(x_, y_, products_);
    mean_(products_, mean_xy_);
    // Only the sum of both variances is needed, so x*x + y*y goes through the window once.
    cv::multiply(x_, x_, x_);
    cv::multiply(y_, y_, y_);
    cv::add(x_, y_, x_);
    mean_(x_, mean_squares_);
    return average();
  }

 private:
  double average() const {
    const int first = kRadius * 3;
    const int last = (mean_x_.cols - kRadius) * 3;
    double sum = 0.0;
    for (int row = kRadius; row < mean_x_.rows - kRadius; ++row) {
      const auto* ux = mean_x_.ptr<double>(row);
      const auto* uy = mean_y_.ptr<double>(row);
      const auto* uxy = mean_xy_.ptr<double>(row);
      const auto* squares = mean_squares_.ptr<double>(row);
      for (int i = first; i < last; ++i) {
        const double product = ux[i] * uy[i];
        const double energy = ux[i] * ux[i] + uy[i] * uy[i];
        sum += (2.0 * product + kC1) * (2.0 * (uxy[i] - product) + kC2) /
               ((energy + kC1) * (squares[i] - energy + kC2));
      }
    }
    return sum / (static_cast<double>(mean_x_.rows - 2 * kRadius) * (last - first));
  }

  WindowedMean mean_;
  cv::Mat x_, y_, products_, mean_x_, mean_y_, mean_xy_, mean_squares_;
};

/// OpenCV's matrices have no read-only view; nothing writes through this one.
cv::Mat matrix(const ByteFrames& view, std::int64_t index) {
  return {static_cast<int>(view.height), static_cast<int>(view.width), CV_8UC3,
          const_cast<std::uint8_t*>(view.frame(index))};
}

}  // namespace

FrameScores ssim(const ByteFrames& reference, const ByteFrames& candidate) {
  require_same_shape(reference, candidate);
  if (std::min(reference.height, reference.width) < kSsimWindow) {
    throw InputError(
        fmt::format("frames of {} x {} are smaller than SSIM's window; use frames of at least {} x {}",
                    reference.height, reference.width, kSsimWindow, kSsimWindow));
  }
  FrameScores scores;
  FrameSsim frame_ssim;
  for (std::int64_t i = 0; i < reference.frames; ++i) {
    // Exact by definition, whatever a compiler does with fused multiply-adds; and the usual case costs
    // nothing.
    const bool equal = std::memcmp(reference.frame(i), candidate.frame(i),
                                   static_cast<std::size_t>(reference.frame_values())) == 0;
    scores.per_frame.push_back(equal ? 1.0 : frame_ssim(matrix(reference, i), matrix(candidate, i)));
  }
  const auto worst = std::min_element(scores.per_frame.begin(), scores.per_frame.end());
  scores.min = *worst;
  scores.worst_frame = worst - scores.per_frame.begin();
  scores.mean = std::accumulate(scores.per_frame.begin(), scores.per_frame.end(), 0.0) /
                static_cast<double>(reference.frames);
  return scores;
}

}  // namespace isoframe::metrics
