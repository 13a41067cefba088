#include "metrics/ffmpeg_scores.h"

#include <algorithm>
#include <limits>

#include "metrics/psnr.h"
#include "metrics/vectorize.h"

namespace isoframe::metrics {

namespace {

constexpr std::int64_t kBlock = 4;

/// Sums over 4 x 4 blocks of one row of blocks, one array a quantity.
struct BlockRow {
  explicit BlockRow(std::int64_t blocks)
      : x(static_cast<std::size_t>(blocks)), y(x.size()), squares(x.size()), products(x.size()) {}
  std::vector<std::int32_t> x, y, squares, products;
};

ISOFRAME_METRICS_VECTORIZED void sum_blocks(const std::uint8_t* x, const std::uint8_t* y, std::int64_t stride,
                                            std::int64_t blocks, std::int32_t* __restrict sum_x,
                                            std::int32_t* __restrict sum_y, std::int32_t* __restrict squares,
                                            std::int32_t* __restrict products) {
  for (std::int64_t block = 0; block < blocks; ++block) {
    std::int32_t a_sum = 0, b_sum = 0, square = 0, product = 0;
    for (std::int64_t row = 0; row < kBlock; ++row) {
      for (std::int64_t column = 0; column < kBlock; ++column) {
        const std::int64_t at = row * stride + block * kBlock + column;
        const std::int32_t a = x[at], b = y[at];
        a_sum += a;
        b_sum += b;
        square += a * a + b * b;
        product += a * b;
      }
    }
    sum_x[block] = a_sum;
    sum_y[block] = b_sum;
    squares[block] = square;
    products[block] = product;
  }
}

/// The SSIM of one 8 x 8 window from its four blocks; single precision where the filter uses it.
ISOFRAME_METRICS_INLINE float window_ssim(std::int32_t x, std::int32_t y, std::int32_t squares,
                                          std::int32_t products) {
  constexpr int kC1 = static_cast<int>(.01 * .01 * 255 * 255 * 64 + .5);
  constexpr int kC2 = static_cast<int>(.03 * .03 * 255 * 255 * 64 * 63 + .5);
  const std::int32_t variances = squares * 64 - x * x - y * y;
  const std::int32_t covariance = products * 64 - x * y;
  return static_cast<float>(2 * x * y + kC1) * static_cast<float>(2 * covariance + kC2) /
         (static_cast<float>(x * x + y * y + kC1) * static_cast<float>(variances + kC2));
}

ISOFRAME_METRICS_VECTORIZED void windows_of_rows(const std::int32_t* const* above,
                                                 const std::int32_t* const* below, std::int64_t windows,
                                                 float* __restrict out) {
  const std::int32_t *x0 = above[0], *y0 = above[1], *s0 = above[2], *p0 = above[3];
  const std::int32_t *x1 = below[0], *y1 = below[1], *s1 = below[2], *p1 = below[3];
  for (std::int64_t i = 0; i < windows; ++i)
    out[i] = window_ssim(x0[i] + x0[i + 1] + x1[i] + x1[i + 1], y0[i] + y0[i + 1] + y1[i] + y1[i + 1],
                         s0[i] + s0[i + 1] + s1[i] + s1[i + 1], p0[i] + p0[i + 1] + p1[i] + p1[i + 1]);
}

double plane_ssim(const Plane& reference, const Plane& candidate) {
  const std::int64_t rows = reference.height / kBlock, blocks = reference.width / kBlock;
  if (rows < 2 || blocks < 2) return std::numeric_limits<double>::quiet_NaN();
  BlockRow above(blocks), below(blocks);
  std::vector<float> windows(static_cast<std::size_t>(blocks - 1));
  double sum = 0.0;
  for (std::int64_t row = 0; row < rows; ++row) {
    std::swap(above, below);
    const std::int64_t at = row * kBlock * reference.width;
    sum_blocks(reference.data.data() + at, candidate.data.data() + at, reference.width, blocks,
               below.x.data(), below.y.data(), below.squares.data(), below.products.data());
    if (row == 0) continue;
    const std::array<const std::int32_t*, 4> upper = {above.x.data(), above.y.data(), above.squares.data(),
                                                      above.products.data()};
    const std::array<const std::int32_t*, 4> lower = {below.x.data(), below.y.data(), below.squares.data(),
                                                      below.products.data()};
    windows_of_rows(upper.data(), lower.data(), blocks - 1, windows.data());
    for (const float window : windows) sum += window;
  }
  return sum / static_cast<double>((rows - 1) * (blocks - 1));
}

}  // namespace

void FfmpegScoresSum::add(const YuvFrame& reference, const YuvFrame& candidate) {
  std::array<double, 3> pixels{};
  double all = 0.0;
  for (std::size_t p = 0; p < 3; ++p) {
    pixels[p] = static_cast<double>(reference.planes[p].data.size());
    all += pixels[p];
  }
  double frame_error = 0.0, frame_ssim = 0.0;
  for (std::size_t p = 0; p < 3; ++p) {
    const Plane &x = reference.planes[p], &y = candidate.planes[p];
    const double ssim = plane_ssim(x, y);
    const double error = static_cast<double>(squared_error(x.data.data(), y.data.data(),
                                                           static_cast<std::int64_t>(x.data.size()))) /
                         pixels[p];
    ssim_[p] += ssim;
    error_[p] += error;
    frame_ssim += ssim * pixels[p];
    frame_error += error * pixels[p] / all;
  }
  // Divided once: equal frames give exactly 1, as a sum of quotients would not.
  ssim_all_ += frame_ssim / all;
  error_all_ += frame_error;
  smallest_error_ = frames_ == 0 ? frame_error : std::min(smallest_error_, frame_error);
  largest_error_ = std::max(largest_error_, frame_error);
  ++frames_;
}

FfmpegScores FfmpegScoresSum::result() const {
  const auto frames = static_cast<double>(frames_);
  FfmpegScores result;
  for (std::size_t p = 0; p < 3; ++p) {
    result.ssim[p] = ssim_[p] / frames;
    result.psnr[p] = decibels(error_[p], frames);
  }
  result.ssim_all = ssim_all_ / frames;
  result.psnr_average = decibels(error_all_, frames);
  result.psnr_min = decibels(largest_error_, 1.0);
  result.psnr_max = decibels(smallest_error_, 1.0);
  return result;
}

}  // namespace isoframe::metrics
