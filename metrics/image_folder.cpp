#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

#include <fmt/format.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "metrics/frame_reader.h"

namespace isoframe::metrics {

namespace fs = std::filesystem;

namespace {

bool is_image(const fs::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::array kExtensions = {".png", ".jpg", ".jpeg"};
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

cv::Mat read_image(const fs::path& file) {
  cv::Mat image = cv::imread(file.string(), cv::IMREAD_COLOR);
  if (image.empty()) throw InputError(fmt::format("{}: not a readable image", file.string()));
  return image;
}

class ImageFolder : public FrameReader {
 public:
  explicit ImageFolder(const fs::path& folder) {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder))
      if (is_image(entry.path())) files_.push_back(entry.path());
    if (files_.empty())
      throw InputError(fmt::format("{}: no .png or .jpg images; give a folder of frames or a video file",
                                   folder.string()));
    std::sort(files_.begin(), files_.end(),
              [](const fs::path& a, const fs::path& b) { return strverscmp(a.c_str(), b.c_str()) < 0; });
    const cv::Mat first = read_image(files_.front());
    info_ = {"image folder", first.rows, first.cols, static_cast<std::int64_t>(files_.size()), std::nullopt};
  }

  const VideoInfo& info() const override { return info_; }

  bool read(Frame& frame) override {
    if (next_ == files_.size()) return false;
    const fs::path& file = files_[next_++];
    const cv::Mat bgr = read_image(file);
    if (bgr.rows != info_.height || bgr.cols != info_.width) {
      throw InputError(
          fmt::format("{}: {} x {} pixels, but the frames before it have {} x {}; all must agree",
                      file.string(), bgr.rows, bgr.cols, info_.height, info_.width));
    }
    frame.rgb.resize(3 * bgr.total());
    cv::Mat rgb(bgr.rows, bgr.cols, CV_8UC3, frame.rgb.data());
    cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
    return true;
  }

 private:
  VideoInfo info_;
  std::vector<fs::path> files_;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<FrameReader> open_image_folder(const fs::path& folder) {
  return std::make_unique<ImageFolder>(folder);
}

}  // namespace isoframe::metrics
