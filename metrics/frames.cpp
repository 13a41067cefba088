#include "metrics/frames.h"

#include <fmt/format.h>

#include "base/error.h"
#include "metrics/vectorize.h"

namespace isoframe::metrics {

ISOFRAME_METRICS_VECTORIZED void quantize(const float* values, std::int64_t count,
                                          std::uint8_t* __restrict out) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float scaled = values[i] * 255.0F;
    // The comparison is written so that NaN, which is not above 0, becomes 0.
    const float bounded = scaled > 0.0F ? (scaled < 255.0F ? scaled : 255.0F) : 0.0F;
    out[i] = static_cast<std::uint8_t>(static_cast<int>(__builtin_rintf(bounded)));
  }
}

ByteVideo quantize(const FloatFrames& frames) {
  ByteVideo result{frames.frames, frames.height, frames.width, {}};
  result.data.resize(static_cast<std::size_t>(frames.values()));
  quantize(frames.data, frames.values(), result.data.data());
  return result;
}

template <typename Value>
void require_same_shape(const FrameView<Value>& reference, const FrameView<Value>& candidate) {
  const auto shape = [](const FrameView<Value>& view) {
    return fmt::format("{} frames of {} x {} (height x width)", view.frames, view.height, view.width);
  };
  if (reference.frames != candidate.frames || reference.height != candidate.height ||
      reference.width != candidate.width) {
    throw InputError(
        fmt::format("the reference has {}, the candidate {}; only videos of the same size compare",
                    shape(reference), shape(candidate)));
  }
  if (reference.values() <= 0) throw InputError("there are no frames to compare: both videos are empty");
}

template void require_same_shape(const FloatFrames&, const FloatFrames&);
template void require_same_shape(const ByteFrames&, const ByteFrames&);

}  // namespace isoframe::metrics
