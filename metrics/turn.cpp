#include "metrics/turn.h"

extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

#include <array>
#include <cmath>
#include <cstring>
#include <utility>

namespace isoframe::metrics {

namespace {

struct Rows {
  std::uint8_t* data;
  std::ptrdiff_t stride;
};

/// Height and width are the result's, `step` the bytes of what is moved as one.
void turn_values(Rows from, Rows to, int height, int width, int step, Turn turn) {
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      int y = turn.mirrors_rows ? height - 1 - row : row;
      int x = turn.mirrors_columns ? width - 1 - column : column;
      if (turn.is_transposed) std::swap(x, y);
      std::memcpy(to.data + row * to.stride + std::ptrdiff_t{column} * step,
                  from.data + y * from.stride + std::ptrdiff_t{x} * step, static_cast<std::size_t>(step));
    }
  }
}

bool values_can_be_moved(const AVPixFmtDescriptor& description, AVPixelFormat format, Turn turn) {
  constexpr std::uint64_t kOdd = AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_HWACCEL;
  if ((description.flags & kOdd) != 0) return false;
  const bool shares_columns = description.log2_chroma_w > 0, shares_rows = description.log2_chroma_h > 0;
  if ((shares_columns || shares_rows) && av_pix_fmt_count_planes(format) == 1) return false;
  return !turn.is_transposed || description.log2_chroma_w == description.log2_chroma_h;
}

}  // namespace

std::optional<Turn> turn_of(const std::int32_t* matrix) {
  const double degrees = -std::round(av_display_rotation_get(matrix));
  if (std::isnan(degrees)) return Turn();
  switch (static_cast<int>(std::fmod(degrees + 720.0, 360.0))) {
    case 0:
      return Turn{false, false, matrix[4] < 0};
    case 90:
      return Turn{true, matrix[3] <= 0, false};
    case 180:
      return Turn{false, matrix[0] < 0, matrix[4] < 0};
    case 270:
      return Turn{true, matrix[3] < 0, true};
    default:
      return {};
  }
}

const std::int32_t* display_matrix(const AVFrame& frame, const AVStream& stream) {
  if (const AVFrameSideData* data = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX))
    return reinterpret_cast<const std::int32_t*>(data->data);
  return reinterpret_cast<const std::int32_t*>(
      av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr));
}

bool turn_frame(const AVFrame& frame, Turn turn, AVFrame& out) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(format);
  if (description == nullptr || !values_can_be_moved(*description, format, turn)) return false;
  av_frame_unref(&out);
  out.format = frame.format;
  out.height = turn.is_transposed ? frame.width : frame.height;
  out.width = turn.is_transposed ? frame.height : frame.width;
  if (av_frame_get_buffer(&out, 0) < 0 || av_frame_copy_props(&out, &frame) < 0) return false;
  std::array<int, 4> steps{}, components{};
  av_image_fill_max_pixsteps(steps.data(), components.data(), description);
  for (int p = 0; p < av_pix_fmt_count_planes(format); ++p) {
    const bool is_chroma = p == 1 || p == 2;
    const int height = is_chroma ? AV_CEIL_RSHIFT(out.height, description->log2_chroma_h) : out.height;
    const int width = is_chroma ? AV_CEIL_RSHIFT(out.width, description->log2_chroma_w) : out.width;
    turn_values({frame.data[p], frame.linesize[p]}, {out.data[p], out.linesize[p]}, height, width,
                steps[static_cast<std::size_t>(p)], turn);
  }
  return true;
}

void turn_rgb(std::vector<std::uint8_t>& rgb, std::int64_t height, std::int64_t width, Turn turn) {
  constexpr int kBytes = 3;
  std::vector<std::uint8_t> turned(rgb.size());
  if (turn.is_transposed) std::swap(height, width);
  const std::ptrdiff_t stride = kBytes * (turn.is_transposed ? height : width);
  turn_values({rgb.data(), stride}, {turned.data(), kBytes * width}, static_cast<int>(height),
              static_cast<int>(width), kBytes, turn);
  rgb.swap(turned);
}

}  // namespace isoframe::metrics
