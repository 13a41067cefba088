#include "metrics/image_folder.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <fstream>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/quiet_standard_error.h"
#include "metrics/frame_reader.h"
#include "metrics/jpeg_check.h"

namespace isoframe::metrics {

namespace fs = std::filesystem;

namespace {

std::string lower_case_extension(const fs::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

/// The first bytes of a file, which tell what it is whatever its name says.
std::string first_bytes(const fs::path& file, std::size_t count) {
  std::string bytes(count, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(bytes.data(), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  return bytes;
}

bool is_jpeg(const fs::path& file) { return first_bytes(file, 3) == "\xff\xd8\xff"; }

/// True for a PNG with an animation's frames beside its picture: their control stands before the pixels.
bool is_animated_png(const fs::path& file) {
  using namespace std::string_view_literals;
  constexpr std::size_t kHead = 1U << 16;
  const std::string head = first_bytes(file, kHead);
  if (!head.starts_with("\x89PNG\r\n"sv)) return false;
  const std::size_t control = head.find("acTL");
  return control != std::string::npos && control < head.find("IDAT");
}

bool has_several_pages(const fs::path& file) {
  using namespace std::string_view_literals;
  const std::string head = first_bytes(file, 4);
  const bool is_tiff = head == "II*\0"sv || head == "MM\0*"sv;
  try {
    return is_tiff && cv::imcount(file.string(), cv::IMREAD_UNCHANGED) > 1;
  } catch (const cv::Exception&) {
    return false;  // its reader says what is wrong
  }
}

bool is_frame(const fs::directory_entry& entry) {
  std::error_code error;
  return is_image_file(entry.path()) && !entry.path().filename().string().starts_with('.') &&
         !entry.is_directory(error);
}

/// A file's name around its frame's number: the last digits before the extension.
struct NumberedName {
  std::string before, behind;
  std::int64_t number = 0;
};

std::optional<NumberedName> numbered_name(const fs::path& file) {
  constexpr std::string_view kDigits = "0123456789";
  constexpr std::size_t kMostDigits = 18;
  const std::string name = file.stem().string();
  const std::size_t last = name.find_last_of(kDigits);
  if (last == std::string::npos) return {};
  const std::size_t before = name.find_last_not_of(kDigits, last);
  const std::size_t first = before == std::string::npos ? 0 : before + 1;
  if (last + 1 - first > kMostDigits) return {};
  return NumberedName{name.substr(0, first), name.substr(last + 1),
                      std::stoll(name.substr(first, last + 1 - first))};
}

/// Puts files into the order of their numbers, which are returned, where all have one and are named alike but
/// for it; else into the order of their names.  Throws InputError where two have the same number.
std::vector<std::int64_t> sort_frames(std::vector<fs::path>& files) {
  std::sort(files.begin(), files.end(),
            [](const fs::path& a, const fs::path& b) { return strverscmp(a.c_str(), b.c_str()) < 0; });
  std::vector<std::pair<std::int64_t, fs::path>> numbered;
  std::set<std::pair<std::string, std::string>> names;
  for (const fs::path& file : files) {
    const auto name = numbered_name(file);
    if (!name) return {};
    names.emplace(name->before, name->behind);
    if (names.size() > 1) return {};
    numbered.emplace_back(name->number, file);
  }
  std::sort(numbered.begin(), numbered.end());
  std::vector<std::int64_t> numbers;
  for (std::size_t k = 0; k < numbered.size(); ++k) {
    const auto& [number, file] = numbered[k];
    if (k > 0 && number == numbers.back())
      throw InputError(fmt::format("{} and {} are both frame {}; keep one of them", files[k - 1].string(),
                                   file.filename().string(), number));
    numbers.push_back(number);
    files[k] = file;
  }
  return numbers;
}

/// Throws InputError for a file that OpenCV would read half of: a damaged JPEG, or one of several pictures.
void check_image(const fs::path& file) {
  if (is_jpeg(file)) return check_jpeg(file);
  const base::QuietStandardError quiet;
  if (is_animated_png(file) || has_several_pages(file))
    throw InputError(fmt::format("{}: holds more than one picture; give a video file or a folder of images",
                                 file.string()));
}

cv::Mat read_image(const fs::path& file, int flags) {
  cv::Mat image;
  const base::QuietStandardError quiet;
  try {
    image = cv::imread(file.string(), flags);
  } catch (const cv::Exception&) {
    image.release();
  }
  if (image.empty())
    throw InputError(fmt::format("{}: not a readable image, or a damaged one", file.string()));
  return image;
}

/// FFmpeg's name of an image's values, without the order of their bytes.
DecodedFormat format_of(const cv::Mat& image) {
  constexpr std::array<int, 7> kBits = {8, 8, 16, 16, 32, 32, 64};
  const int bits = kBits.at(static_cast<std::size_t>(image.depth()));
  const std::string size = std::to_string(bits * image.channels());
  switch (image.channels()) {
    case 1:
      return {bits == 8 ? "gray" : "gray" + size, bits, false};
    case 3:
      return {"rgb" + size, bits, false};
    case 4:
      return {bits == 8 ? "rgba" : "rgba" + size, bits, true};
    default:
      return {fmt::format("{} channels of {} bits", image.channels(), bits), bits, true};
  }
}

/// Reads all values of an image, upright as its 8-bit RGB `bgr` is.  Only what is read as it is stored has
/// alpha, and only what is not is turned: a picture that is to be turned has no alpha here.
cv::Mat read_values(const fs::path& file, const cv::Mat& bgr) {
  const cv::Mat stored = read_image(file, cv::IMREAD_UNCHANGED);
  if (stored.type() == bgr.type()) return bgr;
  const cv::Mat upright =
      stored.type() == CV_8UC4 ? bgr : read_image(file, cv::IMREAD_ANYDEPTH | cv::IMREAD_ANYCOLOR);
  if (stored.channels() != 4) return upright;
  cv::Mat colours;
  cv::cvtColor(stored, colours, cv::COLOR_BGRA2BGR);
  const bool is_turned =
      colours.size() != upright.size() ||
      (colours.type() == upright.type() && cv::norm(colours, upright, cv::NORM_INF) != 0.0);
  return is_turned ? upright : stored;
}

/// All values of an image, colours in the order red, green, blue.
void copy_values(const cv::Mat& stored, Decoded& out) {
  out.format = format_of(stored);
  const std::size_t row_bytes = static_cast<std::size_t>(stored.cols) * stored.elemSize();
  out.data.resize(row_bytes * static_cast<std::size_t>(stored.rows));
  cv::Mat values(stored.rows, stored.cols, stored.type(), out.data.data());
  if (stored.channels() == 3) {
    cv::cvtColor(stored, values, cv::COLOR_BGR2RGB);
  } else if (stored.channels() == 4) {
    cv::cvtColor(stored, values, cv::COLOR_BGRA2RGBA);
  } else {
    stored.copyTo(values);
  }
}

class ImageFolder : public FrameReader {
 public:
  ImageFolder(const char* kind, std::vector<fs::path> files, std::vector<std::int64_t> numbers)
      : files_(std::move(files)) {
    info_ = {kind, 0, 0, static_cast<std::int64_t>(files_.size()), {}, std::move(numbers), {}, {}};
    check_image(files_.front());
    const cv::Mat first = read_image(files_.front(), cv::IMREAD_COLOR);
    info_.height = first.rows;
    info_.width = first.cols;
  }

  const VideoInfo& info() const override { return info_; }

  bool read(Frame& frame) override {
    if (next_ == files_.size()) return false;
    const fs::path& file = files_[next_++];
    check_image(file);
    const cv::Mat bgr = read_image(file, cv::IMREAD_COLOR);
    if (bgr.rows != info_.height || bgr.cols != info_.width) {
      throw InputError(
          fmt::format("{}: {} x {} pixels, but the frames before it have {} x {}; all must agree",
                      file.string(), bgr.rows, bgr.cols, info_.height, info_.width));
    }
    frame.rgb.resize(3 * bgr.total());
    cv::Mat rgb(bgr.rows, bgr.cols, CV_8UC3, frame.rgb.data());
    cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
    // All bits and channels, which the conversion to 8-bit RGB may drop.
    copy_values(is_jpeg(file) ? bgr : read_values(file, bgr), frame.decoded);
    return true;
  }

 private:
  VideoInfo info_;
  std::vector<fs::path> files_;
  std::size_t next_ = 0;
};

}  // namespace

bool is_image_file(const fs::path& file) {
  constexpr std::array kExtensions = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"};
  return std::find(kExtensions.begin(), kExtensions.end(), lower_case_extension(file)) != kExtensions.end();
}

std::unique_ptr<FrameReader> open_image_file(const fs::path& file) {
  return std::make_unique<ImageFolder>("image", std::vector{file}, std::vector<std::int64_t>());
}

std::unique_ptr<FrameReader> open_image_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (is_frame(entry)) files.push_back(entry.path());
  if (files.empty())
    throw InputError(
        fmt::format("{}: no images (.png, .jpg, .bmp, .webp, .tif); give a folder of frames or a video file",
                    folder.string()));
  std::vector<std::int64_t> numbers = sort_frames(files);
  return std::make_unique<ImageFolder>("image folder", std::move(files), std::move(numbers));
}

}  // namespace isoframe::metrics
