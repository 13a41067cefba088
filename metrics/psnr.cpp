#include "metrics/psnr.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace isoframe::metrics {

namespace {

/// Exact in integers: 255^2 * 3 * 2^43 pixels fit.
std::uint64_t squared_error(const std::uint8_t* a, const std::uint8_t* b, std::int64_t count) {
  std::uint64_t sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const int difference = static_cast<int>(a[i]) - static_cast<int>(b[i]);
    sum += static_cast<std::uint64_t>(difference * difference);
  }
  return sum;
}

double decibels(std::uint64_t squared_error, std::int64_t values) {
  if (squared_error == 0) return std::numeric_limits<double>::infinity();
  const double mse = static_cast<double>(squared_error) / static_cast<double>(values);
  return 10.0 * std::log10(255.0 * 255.0 / mse);
}

}  // namespace

FrameScores psnr(const ByteFrames& reference, const ByteFrames& candidate) {
  require_same_shape(reference, candidate);
  FrameScores scores;
  std::uint64_t total = 0;
  for (std::int64_t i = 0; i < reference.frames; ++i) {
    const std::uint64_t error =
        squared_error(reference.frame(i), candidate.frame(i), reference.frame_values());
    scores.per_frame.push_back(decibels(error, reference.frame_values()));
    total += error;
  }
  const auto worst = std::min_element(scores.per_frame.begin(), scores.per_frame.end());
  scores.min = *worst;
  scores.worst_frame = worst - scores.per_frame.begin();
  scores.mean = decibels(total, reference.values());
  return scores;
}

}  // namespace isoframe::metrics
