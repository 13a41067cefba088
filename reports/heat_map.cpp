#include "reports/heat_map.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"

namespace isoframe::reports {

namespace {

/// A matrix over `rgb` for reading: OpenCV's have no read-only view, so nothing may write through it.
cv::Mat view(const std::uint8_t* rgb, std::int64_t height, std::int64_t width) {
  return {static_cast<int>(height), static_cast<int>(width), CV_8UC3, const_cast<std::uint8_t*>(rgb)};
}

std::string encoded(const char* extension, const cv::Mat& rgb, const std::vector<int>& options) {
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<std::uint8_t> bytes;
  if (!cv::imencode(extension, bgr, bytes, options)) throw RunError("an image could not be encoded");
  return {bytes.begin(), bytes.end()};
}

}  // namespace

HeatMap heat_map(const std::uint8_t* reference, const std::uint8_t* candidate, std::int64_t height,
                 std::int64_t width) {
  HeatMap map;
  cv::Mat difference(static_cast<int>(height), static_cast<int>(width), CV_8UC1);
  for (std::int64_t i = 0; i < height * width; ++i) {
    int largest = 0;
    for (std::int64_t c = 0; c < 3; ++c)
      largest = std::max(largest, std::abs(reference[3 * i + c] - candidate[3 * i + c]));
    difference.data[i] = static_cast<std::uint8_t>(largest);
    map.largest = std::max(map.largest, largest);
  }
  map.rgb.resize(static_cast<std::size_t>(3 * height * width));
  if (map.largest == 0) return map;
  difference.convertTo(difference, CV_8UC1, 255.0 / map.largest);
  cv::Mat bgr, rgb(difference.rows, difference.cols, CV_8UC3, map.rgb.data());
  cv::applyColorMap(difference, bgr, cv::COLORMAP_INFERNO);
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return map;
}

std::string png_of_three(const std::uint8_t* reference, const std::uint8_t* candidate, const HeatMap& map,
                         std::int64_t height, std::int64_t width) {
  const std::array pictures = {view(reference, height, width), view(candidate, height, width),
                               view(map.rgb.data(), height, width)};
  cv::Mat row;
  cv::hconcat(pictures.data(), pictures.size(), row);
  return encoded(".png", row, {});
}

std::string jpeg(const std::uint8_t* rgb, std::int64_t height, std::int64_t width, int longest_side,
                 int quality) {
  cv::Mat picture = view(rgb, height, width), scaled;
  const double factor = std::min(1.0, static_cast<double>(longest_side) / std::max(height, width));
  cv::resize(picture, scaled, {}, factor, factor, cv::INTER_AREA);
  return encoded(".jpg", scaled, {cv::IMWRITE_JPEG_QUALITY, quality});
}

}  // namespace isoframe::reports
