extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"
#include "metrics/frame_reader.h"
#include "metrics/frame_times.h"
#include "metrics/libav.h"
#include "metrics/rgb_converter.h"
#include "metrics/turn.h"

namespace isoframe::metrics {

namespace fs = std::filesystem;

namespace {

/// FFmpeg's last error on this thread, which it prints but returns as a mere number or not at all; the last
/// one of a demuxer, which may have come upon a file's end while it looked for streams; and that of a
/// decoder, which may hand out the frame all the same.
thread_local std::string last_words, demuxers_last_words, decoders_last_words;

void keep_errors(void* context, int level, const char* format, std::va_list arguments) {
  if (level > AV_LOG_ERROR) return;
  char line[512];
  std::vsnprintf(line, sizeof line, format, arguments);
  last_words = line;
  while (last_words.ends_with('\n') || last_words.ends_with('.')) last_words.pop_back();
  const AVClass* kind = context == nullptr ? nullptr : *static_cast<AVClass**>(context);
  if (kind == nullptr || kind->get_category == nullptr) return;
  if (kind->get_category(context) == AV_CLASS_CATEGORY_DEMUXER) demuxers_last_words = last_words;
  if (kind->get_category(context) == AV_CLASS_CATEGORY_DECODER) decoders_last_words = last_words;
}

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

void copy_decoded(const AVFrame& frame, Decoded& out) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(format);
  const bool has_float = (description->flags & AV_PIX_FMT_FLAG_FLOAT) != 0;
  const bool is_big_endian = (description->flags & AV_PIX_FMT_FLAG_BE) != 0;
  std::string name = description->name;
  if (name.ends_with("le") || name.ends_with("be")) name.resize(name.size() - 2);
  out.format = {name, has_float ? 32 : description->comp[0].depth,
                (description->flags & AV_PIX_FMT_FLAG_ALPHA) != 0};
  out.data.clear();
  const int bytes = av_image_get_buffer_size(format, frame.width, frame.height, 1);
  if (bytes <= 0) return;
  out.data.resize(static_cast<std::size_t>(bytes));
  const int copied = av_image_copy_to_buffer(out.data.data(), bytes, frame.data, frame.linesize, format,
                                             frame.width, frame.height, 1);
  if (copied < 0) out.data.clear();
  // The low byte first, whatever the decoder's order.
  if (is_big_endian && out.format.bits > 8 && !has_float)
    for (std::size_t at = 0; at + 1 < out.data.size(); at += 2) std::swap(out.data[at], out.data[at + 1]);
}

class VideoReader : public FrameReader {
 public:
  explicit VideoReader(const fs::path& file) : file_(file) {
    av_log_set_callback(keep_errors);
    open();
    // The first frame tells the size: a container's may be another, before it is cropped and turned.
    if (!decode()) throw InputError(fmt::format("{}: no frame of it can be decoded", file_.string()));
    make_upright();
    info_ = {"video file",
             upright_height(),
             upright_width(),
             {},
             {},
             {},
             left_out(),
             colour_assumptions(*decoded_)};
    has_first_ = true;
  }

  const VideoInfo& info() const override { return info_; }

  bool read(Frame& frame) override {
    if (!has_first_ && !decode()) return false;
    if (!has_first_) make_upright();
    has_first_ = false;
    if (upright_height() != info_.height || upright_width() != info_.width)
      throw InputError(
          fmt::format("{}: frame {} has {} x {} pixels, but those before it have {} x {}; all must agree",
                      file_.string(), read_, upright_height(), upright_width(), info_.height, info_.width));
    convert(frame);
    note_time();
    ++read_;
    return true;
  }

 private:
  const AVStream& stream() const { return *format_->streams[stream_]; }

  void open() {
    // Whatever a decoder would conceal is to be an error.
    constexpr int kNothingConcealed = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
    demuxers_last_words.clear();
    AVFormatContext* format = avformat_alloc_context();
    format->error_recognition = kNothingConcealed;
    // "file:" keeps "a:b.mp4" from being read as a protocol, and the option "frame%d.png" as a pattern of
    // names.
    AVDictionary* options = nullptr;
    av_dict_set(&options, "pattern_type", "none", 0);
    const int opened = avformat_open_input(&format, ("file:" + file_.string()).c_str(), nullptr, &options);
    av_dict_free(&options);
    if (opened < 0)
      throw InputError(
          fmt::format("{}: not a readable video{}; give a video file or a folder of images", file_.string(),
                      demuxers_last_words.empty() ? "" : fmt::format(" ({})", demuxers_last_words)));
    format_.reset(format);
    const AVCodec* decoder = nullptr;
    if (avformat_find_stream_info(format, nullptr) >= 0)
      stream_ = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
    if (stream_ < 0 || decoder == nullptr)
      throw InputError(fmt::format("{}: there is no video stream in it", file_.string()));
    codec_.reset(avcodec_alloc_context3(decoder));
    codec_->err_recognition = kNothingConcealed;
    if (avcodec_parameters_to_context(codec_.get(), format->streams[stream_]->codecpar) < 0 ||
        avcodec_open2(codec_.get(), decoder, nullptr) < 0 || codec_->width <= 0 || codec_->height <= 0)
      throw InputError(fmt::format("{}: its video cannot be decoded ({})", file_.string(), decoder->name));
    check_that_all_is_there();
    last_words.clear();
  }

  /// WebM holds the transparency of VP8 and VP9 beside the pictures, which FFmpeg's own decoders pass over.
  std::vector<std::string> left_out() const {
    const AVDictionaryEntry* mode = av_dict_get(stream().metadata, "alpha_mode", nullptr, 0);
    const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(decoded_->format));
    const bool is_read = (format->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
    return mode != nullptr && std::string_view(mode->value) == "1" && !is_read
               ? std::vector<std::string>{"alpha"}
               : std::vector<std::string>{};
  }

  /// Refuses a file that ends before what its index lists, which demuxers take for the video's end.
  void check_that_all_is_there() const {
    const std::int64_t bytes = format_->pb == nullptr ? -1 : avio_size(format_->pb);
    if (bytes < 0) return;
    AVStream* stream = format_->streams[stream_];
    for (int i = 0; i < avformat_index_get_entries_count(stream); ++i) {
      const AVIndexEntry* entry = avformat_index_get_entry(stream, i);
      if (entry->pos + entry->size > bytes)
        throw InputError(
            fmt::format("{}: cut off: frame {} of its index would lie behind the file's end; make it again",
                        file_.string(), i));
    }
  }

  /// Puts the next frame into decoded_; false at the end.
  bool decode() {
    for (;;) {
      const int status = avcodec_receive_frame(codec_.get(), decoded_.get());
      if (status == AVERROR_EOF) return false;
      if (status == 0) {
        if (decoded_->decode_error_flags != 0 || (decoded_->flags & AV_FRAME_FLAG_CORRUPT) != 0 ||
            !decoders_last_words.empty())
          damaged();
        return true;
      }
      if (status != AVERROR(EAGAIN)) damaged();
      send_packet();
    }
  }

  void send_packet() {
    for (;;) {
      last_words.clear();
      decoders_last_words.clear();
      const int status = av_read_frame(format_.get(), packet_.get());
      if (status < 0 && status != AVERROR_EOF) damaged();
      if (status == AVERROR_EOF) {
        check_the_end();
        avcodec_send_packet(codec_.get(), nullptr);
        return;
      }
      const bool ours = packet_->stream_index == stream_;
      if (ours) packets_end_ = packet_->pos + packet_->size;
      const bool corrupt = (packet_->flags & AV_PKT_FLAG_CORRUPT) != 0;
      const int sent = ours && !corrupt ? avcodec_send_packet(codec_.get(), packet_.get()) : 0;
      av_packet_unref(packet_.get());
      if (ours && (sent < 0 || corrupt)) damaged();
      if (ours) return;
    }
  }

  /// Refuses a file whose demuxer complained, or that holds half a frame, which the demuxer of Y4M takes for
  /// its end.
  void check_the_end() {
    const std::string_view format = format_->iformat->name;
    const std::int64_t bytes = format_->pb == nullptr ? -1 : avio_size(format_->pb);
    last_words = demuxers_last_words;
    if (!last_words.empty() || (format == "yuv4mpegpipe" && bytes > packets_end_)) damaged();
  }

  [[noreturn]] void damaged() const {
    throw InputError(
        fmt::format("{}: damaged at frame {}, or at one that is decoded soon after it{}; make it again",
                    file_.string(), read_, last_words.empty() ? "" : " (" + last_words + ")"));
  }

  /// Finds how decoded_ is to be turned, and turns it where its values can be moved.
  void make_upright() {
    turn_ = Turn();
    is_moved_ = false;
    if (const std::int32_t* matrix = display_matrix(*decoded_, stream())) {
      const std::optional<Turn> turn = turn_of(matrix);
      if (!turn)
        throw InputError(fmt::format(
            "{}: frame {} is to be shown turned by an angle that is no multiple of 90 degrees; turn it "
            "upright with ffmpeg first",
            file_.string(), read_));
      turn_ = *turn;
    }
    if (turn_ != Turn()) is_moved_ = turn_frame(*decoded_, turn_, *moved_);
  }

  std::int64_t upright_height() const { return turn_.is_transposed ? decoded_->width : decoded_->height; }
  std::int64_t upright_width() const { return turn_.is_transposed ? decoded_->height : decoded_->width; }

  void convert(Frame& frame) {
    const AVFrame& upright = is_moved_ ? *moved_ : *decoded_;
    if (!to_rgb_(upright, frame.rgb)) damaged();
    copy_decoded(upright, frame.decoded);
    frame.yuv.format.clear();
    if (turn_ != Turn() && !is_moved_) {
      turn_rgb(frame.rgb, decoded_->height, decoded_->width, turn_);
      frame.decoded.format.name += ", turned";
      frame.decoded.data.clear();
    } else if (has_plain_planes(static_cast<AVPixelFormat>(upright.format))) {
      copy_planes(upright, frame.yuv);
    }
  }

  void note_time() {
    const std::int64_t ticks = decoded_->best_effort_timestamp;
    const double tick = av_q2d(stream().time_base);
    if (ticks == AV_NOPTS_VALUE) {
      times_.add_unknown();
    } else {
      times_.add(static_cast<double>(ticks) * tick, tick);
    }
    info_.timing = times_.result();
  }

  fs::path file_;
  VideoInfo info_;
  Owned<AVFormatContext> format_;
  Owned<AVCodecContext> codec_;
  Owned<AVPacket> packet_{av_packet_alloc()};
  Owned<AVFrame> decoded_{av_frame_alloc()}, moved_{av_frame_alloc()};
  Turn turn_;
  bool is_moved_ = false;   ///< moved_ holds the frame upright
  bool has_first_ = false;  ///< decoded_ holds a frame that read() has not given yet
  RgbConverter to_rgb_;
  FrameTimes times_;
  int stream_ = -1;
  std::int64_t packets_end_ = 0;  ///< of the last packet, in the file
  std::int64_t read_ = 0;
};

}  // namespace

std::unique_ptr<FrameReader> open_video_file(const fs::path& file) {
  return std::make_unique<VideoReader>(file);
}

}  // namespace isoframe::metrics
