#include "metrics/psnr.h"

#include <cmath>
#include <limits>

#include "metrics/vectorize.h"

namespace isoframe::metrics {

namespace {

/// Few enough that 255^2 times as many fit 32 bits.
constexpr std::int64_t kBlock = 32768;

ISOFRAME_METRICS_VECTORIZED std::uint32_t squared_error_of_block(const std::uint8_t* a, const std::uint8_t* b,
                                                                 std::int64_t count) {
  std::uint32_t sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const int difference = static_cast<int>(a[i]) - static_cast<int>(b[i]);
    sum += static_cast<std::uint32_t>(difference * difference);
  }
  return sum;
}

template <typename ErrorOfFrame>
FrameScores scores(const ByteFrames& reference, const ByteFrames& candidate, std::int64_t values_a_frame,
                   ErrorOfFrame error_of) {
  require_same_shape(reference, candidate);
  std::vector<double> per_frame;
  double total = 0.0;
  for (std::int64_t i = 0; i < reference.frames; ++i) {
    const double error = error_of(reference.frame(i), candidate.frame(i));
    per_frame.push_back(decibels(error, static_cast<double>(values_a_frame)));
    total += error;
  }
  FrameScores result = scores_of(std::move(per_frame));
  result.mean = decibels(total, static_cast<double>(values_a_frame * reference.frames));
  return result;
}

}  // namespace

std::uint64_t squared_error(const std::uint8_t* a, const std::uint8_t* b, std::int64_t count) {
  std::uint64_t sum = 0;
  for (std::int64_t i = 0; i < count; i += kBlock)
    sum += squared_error_of_block(a + i, b + i, std::min(kBlock, count - i));
  return sum;
}

ISOFRAME_METRICS_VECTORIZED double squared_luma_error(const std::uint8_t* a, const std::uint8_t* b,
                                                      std::int64_t pixels) {
  // Sums are integers, in thousandths: exact, and vectorized without reordering sums of doubles.
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < pixels; ++i) {
    const std::int64_t difference = 299 * (a[3 * i] - b[3 * i]) + 587 * (a[3 * i + 1] - b[3 * i + 1]) +
                                    114 * (a[3 * i + 2] - b[3 * i + 2]);
    sum += difference * difference;
  }
  return static_cast<double>(sum) * 1e-6;
}

double decibels(double squared_error, double values) {
  if (squared_error == 0.0) return std::numeric_limits<double>::infinity();
  return 10.0 * std::log10(255.0 * 255.0 / (squared_error / values));
}

FrameScores psnr(const ByteFrames& reference, const ByteFrames& candidate) {
  const std::int64_t values = reference.frame_values();
  return scores(reference, candidate, values, [&](const std::uint8_t* a, const std::uint8_t* b) {
    return static_cast<double>(squared_error(a, b, values));
  });
}

FrameScores psnr_luma(const ByteFrames& reference, const ByteFrames& candidate) {
  const std::int64_t pixels = reference.frame_pixels();
  return scores(reference, candidate, pixels, [&](const std::uint8_t* a, const std::uint8_t* b) {
    return squared_luma_error(a, b, pixels);
  });
}

}  // namespace isoframe::metrics
