#include "metrics/yuv.h"

extern "C" {
#include <libswscale/swscale.h>
}

#include "base/error.h"

namespace isoframe::metrics {

struct RgbToYuv420::Context {
  SwsContext* scaler = nullptr;
  int height = 0, width = 0;
  ~Context() { sws_freeContext(scaler); }
};

RgbToYuv420::RgbToYuv420(std::int64_t height, std::int64_t width) : context_(std::make_unique<Context>()) {
  context_->height = static_cast<int>(height);
  context_->width = static_cast<int>(width);
  context_->scaler =
      sws_getContext(context_->width, context_->height, AV_PIX_FMT_RGB24, context_->width, context_->height,
                     AV_PIX_FMT_YUV420P, SWS_BICUBIC, nullptr, nullptr, nullptr);
  if (context_->scaler == nullptr) throw RunError("libswscale cannot convert RGB to yuv420p");
}

RgbToYuv420::~RgbToYuv420() = default;

void RgbToYuv420::operator()(const std::uint8_t* rgb, YuvFrame& out) {
  const int height = context_->height, width = context_->width;
  out.format = "yuv420p";
  std::array<std::uint8_t*, 4> data{};
  std::array<int, 4> strides{};
  for (std::size_t p = 0; p < 3; ++p) {
    Plane& plane = out.planes[p];
    plane.height = p == 0 ? height : (height + 1) / 2;
    plane.width = p == 0 ? width : (width + 1) / 2;
    plane.data.resize(static_cast<std::size_t>(plane.height * plane.width));
    data[p] = plane.data.data();
    strides[p] = static_cast<int>(plane.width);
  }
  const std::array<const std::uint8_t*, 4> source = {rgb};
  const std::array<int, 4> source_strides = {3 * width};
  sws_scale(context_->scaler, source.data(), source_strides.data(), 0, height, data.data(), strides.data());
}

}  // namespace isoframe::metrics
