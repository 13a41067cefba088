#include "metrics/yuv.h"

extern "C" {
#include <libswscale/swscale.h>
}

#include "base/error.h"
#include "metrics/padded_image.h"

namespace isoframe::metrics {

struct RgbToYuv420::Context {
  SwsContext* scaler = nullptr;
  int height = 0, width = 0;
  PaddedImage rgb, yuv;
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
  Context& context = *context_;
  const int height = context.height, width = context.width;
  out.format = "yuv420p";
  context.rgb.resize({{height, 3 * std::int64_t{width}}});
  context.rgb.fill(0, rgb);
  const int chroma_height = (height + 1) / 2, chroma_width = (width + 1) / 2;
  context.yuv.resize({{height, width}, {chroma_height, chroma_width}, {chroma_height, chroma_width}});
  sws_scale(context.scaler, context.rgb.data().data(), context.rgb.strides().data(), 0, height,
            context.yuv.data().data(), context.yuv.strides().data());
  for (std::size_t p = 0; p < 3; ++p) {
    Plane& plane = out.planes[p];
    plane.height = p == 0 ? height : chroma_height;
    plane.width = p == 0 ? width : chroma_width;
    plane.data.resize(static_cast<std::size_t>(plane.height * plane.width));
    context.yuv.copy(p, plane.data.data());
  }
}

}  // namespace isoframe::metrics
