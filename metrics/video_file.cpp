#include "metrics/video_file.h"

#include <algorithm>
#include <cstring>
#include <string>

#include <fmt/format.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include "model/error.h"

namespace isoframe::metrics {

namespace fs = std::filesystem;

namespace {

void append(ByteVideo& video, const cv::Mat& bgr, const fs::path& source) {
  if (video.frames == 0) {
    video.height = bgr.rows;
    video.width = bgr.cols;
  }
  if (bgr.rows != video.height || bgr.cols != video.width) {
    throw InputError(fmt::format("{}: {} x {} pixels, but the frames before it have {} x {}; all must agree",
                                 source.string(), bgr.rows, bgr.cols, video.height, video.width));
  }
  const std::size_t end = video.data.size();
  video.data.resize(end + 3 * bgr.total());
  cv::Mat rgb(bgr.rows, bgr.cols, CV_8UC3, video.data.data() + end);
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  ++video.frames;
}

ByteVideo read_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".png") files.push_back(entry.path());
  if (files.empty())
    throw InputError(
        fmt::format("{}: no .png files; give a folder of frames or a video file", folder.string()));
  std::sort(files.begin(), files.end(),
            [](const fs::path& a, const fs::path& b) { return strverscmp(a.c_str(), b.c_str()) < 0; });
  ByteVideo video;
  for (const fs::path& file : files) {
    const cv::Mat image = cv::imread(file.string(), cv::IMREAD_COLOR);
    if (image.empty()) throw InputError(fmt::format("{}: not a readable PNG image", file.string()));
    append(video, image, file);
  }
  return video;
}

ByteVideo read_file(const fs::path& file) {
  cv::VideoCapture capture(file.string(), cv::CAP_FFMPEG);
  ByteVideo video;
  for (cv::Mat image; capture.isOpened() && capture.read(image);) append(video, image, file);
  if (video.frames == 0)
    throw InputError(
        fmt::format("{}: not a readable video; give an MP4 file or a folder of .png files", file.string()));
  return video;
}

}  // namespace

ByteVideo read_video(const fs::path& path) {
  if (!fs::exists(path)) throw InputError(fmt::format("{}: no such file or folder", path.string()));
  return fs::is_directory(path) ? read_folder(path) : read_file(path);
}

}  // namespace isoframe::metrics
