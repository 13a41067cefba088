#include "metrics/rgb_converter.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <fmt/format.h>

namespace isoframe::metrics {

namespace {

/// libswscale's table of matrices has FFmpeg's numbers, and BT.601 in place of those that it does not know.
bool is_known_matrix(AVColorSpace space) {
  return space >= AVCOL_SPC_BT709 && space <= AVCOL_SPC_BT2020_CL && space != AVCOL_SPC_UNSPECIFIED &&
         space != AVCOL_SPC_RESERVED && space != AVCOL_SPC_YCGCO;
}

}  // namespace

bool RgbConverter::prepare(const AVFrame& frame) {
  const Kind kind{frame.format, frame.height, frame.width, frame.colorspace, frame.color_range};
  if (scaler_ != nullptr && kind == kind_) return true;
  kind_ = kind;
  scaler_.reset(sws_getContext(frame.width, frame.height, static_cast<AVPixelFormat>(frame.format),
                               frame.width, frame.height, AV_PIX_FMT_RGB24, SWS_BICUBIC | SWS_ACCURATE_RND,
                               nullptr, nullptr, nullptr));
  if (scaler_ == nullptr) return false;
  int *inverse = nullptr, *table = nullptr;
  int full = 0, full_result = 0, brightness = 0, contrast = 0, saturation = 0;
  if (sws_getColorspaceDetails(scaler_.get(), &inverse, &full, &table, &full_result, &brightness, &contrast,
                               &saturation) < 0)
    return true;
  // The format's own range (yuvj420p's, grey's) stands where the frame gives none.
  if (frame.color_range != AVCOL_RANGE_UNSPECIFIED) full = frame.color_range == AVCOL_RANGE_JPEG ? 1 : 0;
  const int matrix = is_known_matrix(frame.colorspace) ? static_cast<int>(frame.colorspace) : SWS_CS_DEFAULT;
  sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(matrix), full, table, full_result, brightness,
                           contrast, saturation);
  return true;
}

bool RgbConverter::operator()(const AVFrame& frame, std::vector<std::uint8_t>& rgb) {
  if (!prepare(frame)) return false;
  padded_.resize({{frame.height, 3 * std::int64_t{frame.width}}});
  sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, padded_.data().data(),
            padded_.strides().data());
  rgb.resize(3 * static_cast<std::size_t>(frame.height) * static_cast<std::size_t>(frame.width));
  padded_.copy(0, rgb.data());
  return true;
}

std::vector<std::string> colour_assumptions(const AVFrame& frame) {
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  if (description == nullptr || (description->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) != 0 ||
      description->nb_components < 3)
    return {};
  std::vector<std::string> result;
  if (frame.colorspace == AVCOL_SPC_UNSPECIFIED) {
    result.emplace_back("the colour matrix is not given, taken for BT.601");
  } else if (!is_known_matrix(frame.colorspace)) {
    const char* name = av_color_space_name(frame.colorspace);
    result.push_back(fmt::format("the colour matrix is {}, which libswscale does not know, taken for BT.601",
                                 name == nullptr ? "unknown" : name));
  }
  const bool has_full_range = std::string(description->name).starts_with("yuvj");
  if (frame.color_range == AVCOL_RANGE_UNSPECIFIED && !has_full_range)
    result.emplace_back("the range is not given, taken for limited");
  return result;
}

}  // namespace isoframe::metrics
