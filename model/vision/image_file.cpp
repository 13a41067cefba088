#include "model/vision/image_file.h"

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/quiet_standard_error.h"
#include "model/vision/image_header.h"

namespace isoframe::model::vision {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kLongestSide = 16384;
constexpr std::int64_t kMostPixels = 178'956'970;

std::vector<std::uint8_t> read_bytes(const fs::path& file) {
  if (!fs::exists(file)) throw InputError(fmt::format("{}: no such image", file.string()));
  if (fs::is_directory(file)) throw InputError(fmt::format("{}: a folder, not an image", file.string()));
  std::ifstream stream(file, std::ios::binary);
  std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream.is_open() || stream.bad())
    throw InputError(fmt::format("{}: the image cannot be read", file.string()));
  if (bytes.empty()) throw InputError(fmt::format("{}: an empty file, not an image", file.string()));
  return bytes;
}

ImageHeader checked_header(const std::vector<std::uint8_t>& bytes, const fs::path& file) {
  const ImageHeader header = read_image_header(bytes, file.string());
  if (header.width < 1 || header.height < 1)
    throw InputError(fmt::format("{}: an image without pixels", file.string()));
  if (std::max(header.width, header.height) > kLongestSide || header.width * header.height > kMostPixels)
    throw InputError(
        fmt::format("{}: {} x {} pixels; at most {} a side and {} million in all are read; scale it down",
                    file.string(), header.width, header.height, kLongestSide, kMostPixels / 1'000'000));
  return header;
}

/// Decodes a picture as stored: grey, BGR or BGRA, of 8 or 16 bits; empty where the pixels cannot be decoded.
cv::Mat decode(const std::vector<std::uint8_t>& bytes) {
  const base::QuietStandardError quiet;
  try {
    return cv::imdecode(bytes, cv::IMREAD_UNCHANGED);
  } catch (const cv::Exception&) {
    return {};
  }
}

cv::Mat to_8_bits(const cv::Mat& stored) {
  if (stored.depth() == CV_8U) return stored;
  cv::Mat result;
  if (stored.channels() == 1) {
    stored.convertTo(result, CV_8U);  // saturates
  } else {
    // convertTo() rounds: what is below the high byte has to go first.
    cv::Mat high;
    cv::bitwise_and(stored, cv::Scalar::all(0xFF00), high);
    high.convertTo(result, CV_8U, 1.0 / 256.0);
  }
  return result;
}

cv::Mat to_rgb(const cv::Mat& stored) {
  cv::Mat result;
  switch (stored.channels()) {
    case 1:
      cv::cvtColor(stored, result, cv::COLOR_GRAY2RGB);
      break;
    case 4:
      cv::cvtColor(stored, result, cv::COLOR_BGRA2RGB);
      break;
    default:
      cv::cvtColor(stored, result, cv::COLOR_BGR2RGB);
      break;
  }
  return result;
}

/// Undoes the orientation.  Reference: PIL.ImageOps.exif_transpose.
cv::Mat upright(const cv::Mat& image, const ImageHeader& header) {
  cv::Mat result = image;
  if (header.is_turned()) cv::transpose(image, result);
  // The axis of cv::flip() after the transposition, by orientation.
  constexpr int kVertically = 0, kHorizontally = 1, kBoth = -1;
  constexpr std::optional<int> kFlips[] = {
      {}, {}, kHorizontally, kBoth, kVertically, {}, kHorizontally, kBoth, kVertically};
  const std::optional<int> flip = kFlips[header.orientation];
  if (!flip) return result;
  cv::Mat flipped;
  cv::flip(result, flipped, *flip);
  return flipped;
}

}  // namespace

at::Tensor load_image(const fs::path& file) {
  const std::vector<std::uint8_t> bytes = read_bytes(file);
  const ImageHeader header = checked_header(bytes, file);
  const cv::Mat stored = decode(bytes);
  if (stored.rows != header.height || stored.cols != header.width)
    throw InputError(fmt::format("{}: the image is damaged or cut off", file.string()));
  const cv::Mat rgb = upright(to_rgb(to_8_bits(stored)), header);
  return at::from_blob(rgb.data, {rgb.rows, rgb.cols, 3}, {static_cast<std::int64_t>(rgb.step), 3, 1},
                       at::kByte)
      .clone(at::MemoryFormat::Contiguous);
}

}  // namespace isoframe::model::vision
