#pragma once
// Decoded frames as RGB.

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "metrics/libav.h"
#include "metrics/padded_image.h"

namespace isoframe::metrics {

/// Converts frames to 8-bit RGB by libswscale in their own colour matrix and range, whatever each frame's
/// are; where a frame does not say, as the program ffmpeg does (libavfilter/vf_scale.c).
class RgbConverter {
 public:
  /// False where libswscale does not know the frame's format.
  bool operator()(const AVFrame& frame, std::vector<std::uint8_t>& rgb);

 private:
  bool prepare(const AVFrame& frame);

  using Kind = std::tuple<int, int, int, int, int>;
  Kind kind_{-1, 0, 0, 0, 0};  ///< of the frames that scaler_ is made for
  Owned<SwsContext> scaler_;
  PaddedImage padded_;
};

/// Assumptions on what a frame does not say and its colours depend on: "the colour matrix is not given, taken
/// for BT.601".
std::vector<std::string> colour_assumptions(const AVFrame& frame);

}  // namespace isoframe::metrics
