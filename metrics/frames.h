#pragma once
// RGB frames as metrics see them: interleaved [F, H, W, 3], owned by someone else.

#include <cstdint>
#include <vector>

namespace isoframe::metrics {

/// A view of `frames` x `height` x `width` RGB pixels, contiguous.  Float values are in [0, 1].
template <typename Value>
struct FrameView {
  const Value* data = nullptr;
  std::int64_t frames = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;

  std::int64_t frame_pixels() const { return height * width; }
  std::int64_t frame_values() const { return frame_pixels() * 3; }
  std::int64_t values() const { return frames * frame_values(); }
  const Value* frame(std::int64_t index) const { return data + index * frame_values(); }
};

using FloatFrames = FrameView<float>;
using ByteFrames = FrameView<std::uint8_t>;

/// 8-bit frames with their memory.
struct ByteVideo {
  std::int64_t frames = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> data;

  ByteFrames view() const { return {data.data(), frames, height, width}; }
};

/// The 8-bit frames that people see: x * 255 in float32, rounded half to even, as
/// VaeImageProcessor.numpy_to_pil (diffusers 0.42) rounds.  (Its export_to_video truncates arrays instead,
/// but not the PIL images that the pipeline returns by default.)  Values outside [0, 1] are clamped, NaN
/// becomes 0.
ByteVideo quantize(const FloatFrames& frames);

/// Rounds `count` values in the same way.
void quantize(const float* values, std::int64_t count, std::uint8_t* out);

/// Throws InputError unless both have the same, non-empty shape.
template <typename Value>
void require_same_shape(const FrameView<Value>& reference, const FrameView<Value>& candidate);

}  // namespace isoframe::metrics
