extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <cstring>

#include <fmt/format.h>

#include "base/error.h"
#include "metrics/frame_reader.h"

namespace isoframe::metrics {

namespace fs = std::filesystem;

namespace {

/// FFmpeg's objects, freed as FFmpeg wants it.
struct Free {
  void operator()(AVFormatContext* p) const { avformat_close_input(&p); }
  void operator()(AVCodecContext* p) const { avcodec_free_context(&p); }
  void operator()(AVPacket* p) const { av_packet_free(&p); }
  void operator()(AVFrame* p) const { av_frame_free(&p); }
  void operator()(SwsContext* p) const { sws_freeContext(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

/// Three planes of 8 bits without padding bits or interleaving: what FFmpeg's filters compare as it is.
bool has_plain_planes(AVPixelFormat format) {
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(format);
  return description != nullptr && description->nb_components == 3 && av_pix_fmt_count_planes(format) == 3 &&
         (description->flags & AV_PIX_FMT_FLAG_RGB) == 0 && description->comp[0].depth == 8 &&
         description->comp[0].step == 1;
}

void copy_planes(const AVFrame& frame, YuvFrame& out) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(format);
  out.format = description->name;
  for (std::size_t p = 0; p < 3; ++p) {
    Plane& plane = out.planes[p];
    plane.height = p == 0 ? frame.height : AV_CEIL_RSHIFT(frame.height, description->log2_chroma_h);
    plane.width = p == 0 ? frame.width : AV_CEIL_RSHIFT(frame.width, description->log2_chroma_w);
    plane.data.resize(static_cast<std::size_t>(plane.height * plane.width));
    for (std::int64_t row = 0; row < plane.height; ++row)
      std::memcpy(plane.data.data() + row * plane.width, frame.data[p] + row * frame.linesize[p],
                  static_cast<std::size_t>(plane.width));
  }
}

class VideoReader : public FrameReader {
 public:
  explicit VideoReader(const fs::path& file) : file_(file) {
    av_log_set_level(AV_LOG_QUIET);
    open();
    const AVStream& stream = *format_->streams[stream_];
    info_ = {"video file", codec_->height, codec_->width, std::nullopt, std::nullopt};
    if (stream.nb_frames > 0) info_.frames = stream.nb_frames;
    if (stream.avg_frame_rate.den > 0 && stream.avg_frame_rate.num > 0)
      info_.rate = av_q2d(stream.avg_frame_rate);
  }

  const VideoInfo& info() const override { return info_; }

  bool read(Frame& frame) override {
    if (!decode()) {
      if (read_ == 0) throw InputError(fmt::format("{}: no frame of it can be decoded", file_.string()));
      return false;
    }
    ++read_;
    if (decoded_->height != info_.height || decoded_->width != info_.width) {
      throw InputError(
          fmt::format("{}: {} x {} pixels, but the frames before it have {} x {}; all must agree",
                      file_.string(), decoded_->height, decoded_->width, info_.height, info_.width));
    }
    to_rgb(frame.rgb);
    if (has_plain_planes(static_cast<AVPixelFormat>(decoded_->format))) {
      copy_planes(*decoded_, frame.yuv);
    } else {
      frame.yuv.format.clear();
    }
    return true;
  }

 private:
  void open() {
    AVFormatContext* format = nullptr;
    if (avformat_open_input(&format, file_.c_str(), nullptr, nullptr) < 0)
      throw InputError(
          fmt::format("{}: not a readable video; give a video file or a folder of images", file_.string()));
    format_.reset(format);
    const AVCodec* decoder = nullptr;
    if (avformat_find_stream_info(format, nullptr) >= 0)
      stream_ = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
    if (stream_ < 0 || decoder == nullptr)
      throw InputError(fmt::format("{}: there is no video stream in it", file_.string()));
    codec_.reset(avcodec_alloc_context3(decoder));
    if (avcodec_parameters_to_context(codec_.get(), format->streams[stream_]->codecpar) < 0 ||
        avcodec_open2(codec_.get(), decoder, nullptr) < 0 || codec_->width <= 0 || codec_->height <= 0)
      throw InputError(fmt::format("{}: its video cannot be decoded ({})", file_.string(), decoder->name));
  }

  /// The next frame into decoded_; false at the end.
  bool decode() {
    for (;;) {
      const int status = avcodec_receive_frame(codec_.get(), decoded_.get());
      if (status == 0) return true;
      if (status == AVERROR_EOF) return false;
      if (status != AVERROR(EAGAIN)) damaged();
      send_packet();
    }
  }

  void send_packet() {
    for (;;) {
      const int status = av_read_frame(format_.get(), packet_.get());
      if (status < 0 && status != AVERROR_EOF) damaged();
      if (status == AVERROR_EOF) {
        avcodec_send_packet(codec_.get(), nullptr);
        return;
      }
      const bool ours = packet_->stream_index == stream_;
      const int sent = ours ? avcodec_send_packet(codec_.get(), packet_.get()) : 0;
      av_packet_unref(packet_.get());
      if (sent < 0) damaged();
      if (ours) return;
    }
  }

  [[noreturn]] void damaged() const {
    throw InputError(fmt::format("{}: damaged after frame {}; make it again", file_.string(), read_));
  }

  void to_rgb(std::vector<std::uint8_t>& rgb) {
    const int height = decoded_->height, width = decoded_->width;
    if (scaler_ == nullptr) {
      scaler_.reset(sws_getContext(width, height, static_cast<AVPixelFormat>(decoded_->format), width, height,
                                   AV_PIX_FMT_RGB24, SWS_BICUBIC | SWS_ACCURATE_RND, nullptr, nullptr,
                                   nullptr));
      if (scaler_ == nullptr) damaged();
      const int matrix = decoded_->colorspace == AVCOL_SPC_BT709 ? SWS_CS_ITU709 : SWS_CS_ITU601;
      const bool full = decoded_->color_range == AVCOL_RANGE_JPEG;
      sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(matrix), full ? 1 : 0,
                               sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
    }
    // libswscale writes whole vectors, past the end of a row that is not a multiple of 16 pixels.
    const std::size_t stride = (3 * static_cast<std::size_t>(width) + 63) / 64 * 64;
    padded_.resize(stride * static_cast<std::size_t>(height) + 64);
    std::uint8_t* const data[4] = {padded_.data(), nullptr, nullptr, nullptr};
    const int strides[4] = {static_cast<int>(stride), 0, 0, 0};
    sws_scale(scaler_.get(), decoded_->data, decoded_->linesize, 0, height, data, strides);
    const std::size_t row_bytes = 3 * static_cast<std::size_t>(width);
    rgb.resize(row_bytes * static_cast<std::size_t>(height));
    for (std::size_t row = 0; row < static_cast<std::size_t>(height); ++row)
      std::memcpy(rgb.data() + row * row_bytes, padded_.data() + row * stride, row_bytes);
  }

  fs::path file_;
  VideoInfo info_;
  Owned<AVFormatContext> format_;
  Owned<AVCodecContext> codec_;
  Owned<AVPacket> packet_{av_packet_alloc()};
  Owned<AVFrame> decoded_{av_frame_alloc()};
  Owned<SwsContext> scaler_;
  std::vector<std::uint8_t> padded_;
  int stream_ = -1;
  std::int64_t read_ = 0;
};

}  // namespace

std::unique_ptr<FrameReader> open_video_file(const fs::path& file) {
  return std::make_unique<VideoReader>(file);
}

}  // namespace isoframe::metrics
