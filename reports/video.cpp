#include "reports/video.h"

#include <array>
#include <unistd.h>

#include <fmt/format.h>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include "base/error.h"

namespace isoframe::reports {

namespace fs = std::filesystem;

namespace {

cv::VideoWriter open_writer(const fs::path& file, int fps, cv::Size size) {
  cv::VideoWriter writer;
  for (const std::array<char, 4> codec : {std::array{'a', 'v', 'c', '1'}, std::array{'m', 'p', '4', 'v'}}) {
    const int fourcc = cv::VideoWriter::fourcc(codec[0], codec[1], codec[2], codec[3]);
    if (writer.open(file.string(), cv::CAP_FFMPEG, fourcc, fps, size)) break;
  }
  return writer;
}

/// Encodes the frames as `file`, which errors call `name`.
void encode(const fs::path& file, const fs::path& name, const metrics::ByteFrames& frames, int fps) {
  const int height = static_cast<int>(frames.height), width = static_cast<int>(frames.width);
  const int odd_row = height % 2, odd_column = width % 2;
  cv::VideoWriter writer = open_writer(file, fps, {width + odd_column, height + odd_row});
  if (!writer.isOpened())
    throw RunError(fmt::format("{}: cannot be written; is its folder there and writable, the disk full?",
                               name.string()));
  cv::Mat bgr, even;
  for (std::int64_t i = 0; i < frames.frames; ++i) {
    const cv::Mat rgb(height, width, CV_8UC3, const_cast<std::uint8_t*>(frames.frame(i)));
    cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
    cv::copyMakeBorder(bgr, even, 0, odd_row, 0, odd_column, cv::BORDER_REPLICATE);
    writer.write(even);
  }
  writer.release();
  // OpenCV's writer reports no failed write, such as on a full disk; a file cut short lacks its index.
  cv::VideoCapture written(file.string(), cv::CAP_FFMPEG);
  if (!written.isOpened() || written.get(cv::CAP_PROP_FRAME_COUNT) != static_cast<double>(frames.frames))
    throw RunError(fmt::format("{}: not written whole; is the disk full?", name.string()));
}

}  // namespace

void write_video(const fs::path& file, const metrics::ByteFrames& frames, int fps) {
  if (frames.values() <= 0) throw InputError(fmt::format("{}: there are no frames to write", file.string()));
  // The container is chosen by the extension, so the temporary name keeps it.
  const fs::path part = file.parent_path() / fmt::format(".{}.{}.mp4", file.stem().string(), getpid());
  try {
    encode(part, file, frames, fps);
    fs::rename(part, file);
  } catch (...) {
    std::error_code ignored;
    fs::remove(part, ignored);
    throw;
  }
}

}  // namespace isoframe::reports
