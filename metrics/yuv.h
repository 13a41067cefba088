#pragma once
// Frames as video codecs keep them: 8-bit Y, U and V planes.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace isoframe::metrics {

struct Plane {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> data;  ///< [height, width]
};

struct YuvFrame {
  std::string format;  ///< FFmpeg's name ("yuv420p"); empty where there are no planes
  std::array<Plane, 3> planes;
};

/// Converts interleaved RGB to yuv420p by libswscale: BT.601, limited range, bicubic chroma; what
/// `ffmpeg -pix_fmt yuv420p` makes of the same pixels.
class RgbToYuv420 {
 public:
  RgbToYuv420(std::int64_t height, std::int64_t width);
  ~RgbToYuv420();
  RgbToYuv420(const RgbToYuv420&) = delete;
  RgbToYuv420& operator=(const RgbToYuv420&) = delete;

  void operator()(const std::uint8_t* rgb, YuvFrame& out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace isoframe::metrics
