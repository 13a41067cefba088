#pragma once
// Videos of any kind, one frame after the other: a long one never lies in memory whole.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "metrics/frames.h"
#include "metrics/yuv.h"

namespace isoframe::metrics {

struct VideoInfo {
  std::string kind;  ///< "video file", "image folder", "float frames"
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::optional<std::int64_t> frames;  ///< if known before the last one is read
  std::optional<double> rate;          ///< frames a second, where the source has one
};

struct Frame {
  std::vector<std::uint8_t> rgb;  ///< [height, width, 3]
  std::vector<float> floats;      ///< the same before rounding; empty where the source has 8 bits
  YuvFrame yuv;                   ///< the planes as decoded; empty where the source has no 8-bit planes
};

class FrameReader {
 public:
  virtual ~FrameReader() = default;
  virtual const VideoInfo& info() const = 0;
  /// Reads the next frame into `frame`, whose memory is reused; false after the last.  Throws InputError
  /// naming the file where it is damaged or of another size than the frames before it.
  virtual bool read(Frame& frame) = 0;
};

/// Opens a video file (whatever FFmpeg decodes; its first video stream).  RGB by libswscale in the stream's
/// own colour matrix and range.  Throws InputError where there is no such file or no video in it.
std::unique_ptr<FrameReader> open_video_file(const std::filesystem::path& file);

/// Opens a folder of .png, .jpg and .jpeg images, ordered by name with numbers read as numbers (frame_2
/// before frame_10).  Throws InputError where there are none.
std::unique_ptr<FrameReader> open_image_folder(const std::filesystem::path& folder);

/// Opens a video file or an image folder, whichever `path` is.
std::unique_ptr<FrameReader> open_video(const std::filesystem::path& path);

/// Reads a whole video into memory: for short ones.
ByteVideo read_video(const std::filesystem::path& path);

}  // namespace isoframe::metrics
