#include "metrics/trust.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace isoframe::metrics {

namespace {

std::string non_finite_reason(const FloatFrames& frames) {
  std::int64_t count = 0, first = 0;
  for (std::int64_t i = 0; i < frames.values(); ++i)
    if (!std::isfinite(frames.data[i]) && count++ == 0) first = i;
  if (count == 0) return {};
  return fmt::format("{} of {} values are NaN or infinite, the first in frame {}", count, frames.values(),
                     first / frames.frame_values());
}

/// The largest standard deviation of a frame's three channels.
double contrast(const float* frame, std::int64_t pixels) {
  std::array<double, 3> sum{}, squares{};
  for (std::int64_t i = 0; i < pixels; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      const double value = frame[3 * i + static_cast<std::int64_t>(c)];
      sum[c] += value;
      squares[c] += value * value;
    }
  }
  double largest = 0.0;
  for (std::size_t c = 0; c < 3; ++c) {
    const double mean = sum[c] / static_cast<double>(pixels);
    largest = std::max(largest, squares[c] / static_cast<double>(pixels) - mean * mean);
  }
  return std::sqrt(largest);
}

std::string contrast_reason(const FloatFrames& frames) {
  std::int64_t flat = 0;
  double largest = 0.0;
  for (std::int64_t f = 0; f < frames.frames; ++f) {
    const double deviation = contrast(frames.frame(f), frames.frame_pixels());
    largest = std::max(largest, deviation);
    if (deviation < kMinContrast) ++flat;
  }
  if (2 * flat <= frames.frames) return {};
  return fmt::format(
      "{} of {} frames have no contrast (standard deviation below {:.4f}; the largest is {:.4f})", flat,
      frames.frames, kMinContrast, largest);
}

std::string constant_reason(const FloatFrames& frames) {
  const std::int64_t pixels = frames.frames * frames.frame_pixels();
  const auto same = [&](std::int64_t a, std::int64_t b) {
    return std::equal(frames.data + 3 * a, frames.data + 3 * a + 3, frames.data + 3 * b);
  };
  // Boyer and Moore's majority vote: if a colour has more than half of the pixels, it is the one left.
  std::int64_t majority = 0, votes = 0;
  for (std::int64_t i = 0; i < pixels; ++i) {
    if (votes == 0) majority = i;
    votes += same(i, majority) ? 1 : -1;
  }
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < pixels; ++i) count += same(i, majority) ? 1 : 0;
  const double share = static_cast<double>(count) / static_cast<double>(pixels);
  if (share <= kMaxConstantShare) return {};
  const float* colour = frames.data + 3 * majority;
  return fmt::format("{:.1f} % of all pixels have one colour ({:.3f}, {:.3f}, {:.3f})", 100.0 * share,
                     colour[0], colour[1], colour[2]);
}

}  // namespace

std::string reason_for_distrust(const FloatFrames& frames) {
  if (frames.values() <= 0) return "there are no frames";
  for (const auto& reason_of : {non_finite_reason, contrast_reason, constant_reason})
    if (std::string reason = reason_of(frames); !reason.empty()) return reason;
  return {};
}

}  // namespace isoframe::metrics
