#pragma once
// The frames of record.py, from the same integers.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "metrics/frames.h"

namespace isoframe::metrics {

inline ByteVideo pattern(int frames, int height, int width) {
  ByteVideo video{frames, height, width, {}};
  for (int t = 0; t < frames; ++t)
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        for (int c = 0; c < 3; ++c)
          video.data.push_back(
              static_cast<std::uint8_t>((7 * x + 5 * y * (c + 1) + 11 * t + x * y / 3 + 60 * c) % 256));
  return video;
}

inline ByteVideo disturbed(const ByteVideo& reference, const std::vector<int>& noise) {
  ByteVideo result = reference;
  const std::size_t frame_size = result.data.size() / noise.size();
  std::uint32_t state = 12345;
  for (std::size_t i = 0; i < result.data.size(); ++i) {
    const int amplitude = noise[i / frame_size];
    state = state * 1664525U + 1013904223U;
    const int offset =
        static_cast<int>((state >> 16) % static_cast<std::uint32_t>(2 * amplitude + 1)) - amplitude;
    result.data[i] = static_cast<std::uint8_t>(std::clamp(result.data[i] + offset, 0, 255));
  }
  return result;
}

/// Float frames and their memory: each 8-bit value / 255.
struct FloatVideo {
  std::int64_t frames, height, width;
  std::vector<float> data;

  FloatFrames view() const { return {data.data(), frames, height, width}; }
};

inline FloatVideo to_float(const ByteVideo& video) {
  FloatVideo result{video.frames, video.height, video.width, {}};
  for (const std::uint8_t value : video.data) result.data.push_back(static_cast<float>(value) / 255.0F);
  return result;
}

}  // namespace isoframe::metrics
