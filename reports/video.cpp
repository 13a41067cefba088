#include "reports/video.h"

#include <array>

#include <fmt/format.h>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/quiet_standard_error.h"

namespace isoframe::reports {

namespace fs = std::filesystem;

namespace {

cv::VideoWriter open_writer(const fs::path& file, int fps, cv::Size size) {
  const base::QuietStandardError quiet;
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
  {
    const base::QuietStandardError quiet;
    writer.release();
  }
  // OpenCV's writer reports no failed write, such as on a full disk.
  if (!is_whole_video(file, frames.frames))
    throw RunError(fmt::format("{}: not written whole; is the disk full?", name.string()));
}

}  // namespace

bool is_whole_video(const fs::path& file, std::int64_t frames) {
  if (!fs::is_regular_file(file)) return false;
  // A file cut short lacks its index, which FFmpeg would say on the standard error.
  const base::QuietStandardError quiet;
  cv::VideoCapture video(file.string(), cv::CAP_FFMPEG);
  return video.isOpened() && video.get(cv::CAP_PROP_FRAME_COUNT) == static_cast<double>(frames);
}

void write_video(const fs::path& file, const metrics::ByteFrames& frames, int fps) {
  if (frames.values() <= 0) throw InputError(fmt::format("{}: there are no frames to write", file.string()));
  // The container is chosen by the extension, so the temporary name has it.
  base::AtomicFile written(file, ".mp4");
  encode(written.temporary(), file, frames, fps);
  written.commit();
}

}  // namespace isoframe::reports
