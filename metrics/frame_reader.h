#pragma once
// Videos of any kind, one frame after the other: a long one never lies in memory whole.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "metrics/decoded.h"
#include "metrics/frames.h"
#include "metrics/yuv.h"

namespace isoframe::metrics {

/// Times of the frames read so far, as the decoder gives them.
struct Timing {
  std::int64_t frames = 0;
  double span = 0.0;  ///< seconds from the first frame to the last
  double rounding =
      0.0;  ///< seconds by which `span` may be wrong: times are whole ticks of the container's clock

  double rate() const { return static_cast<double>(frames - 1) / span; }
};

struct VideoInfo {
  std::string kind;  ///< "video file", "image folder", "float frames"
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::optional<std::int64_t> frames;  ///< if known before the last one is read
  std::optional<Timing> timing;        ///< nothing before the second frame, or where the source has no times
  std::vector<std::int64_t>
      numbers;  ///< the frames' numbers in their files' names; empty where they have none
  std::vector<std::string> left_out;     ///< what the source holds and its decoder leaves out: "alpha"
  std::vector<std::string> assumptions;  ///< of what the source does not say and colours depend on, in words
};

struct Frame {
  std::vector<std::uint8_t> rgb;  ///< [height, width, 3]
  std::vector<float> floats;      ///< the same before rounding; empty where the source has 8 bits
  YuvFrame yuv;                   ///< the planes as decoded; empty where the source has no 8-bit planes
  Decoded decoded;                ///< all that was decoded; without data where the source has floats
};

class FrameReader {
 public:
  virtual ~FrameReader() = default;
  virtual const VideoInfo& info() const = 0;
  /// Reads the next frame into `frame`, whose memory is reused; false after the last.  Throws InputError
  /// naming the file where it is damaged or of another size than the frames before it.
  virtual bool read(Frame& frame) = 0;
};

/// Opens a video file (whatever FFmpeg decodes; its first video stream).  Frames are turned as the container
/// says and converted to RGB by libswscale in the stream's own colour matrix and range, as the program ffmpeg
/// does both. Throws InputError where there is no such file or no video in it.
std::unique_ptr<FrameReader> open_video_file(const std::filesystem::path& file);

/// Opens a folder of images (.png, .jpg, .jpeg, .bmp, .webp, .tif, .tiff), ordered by name with numbers read
/// as numbers (frame_2 before frame_10).  Folders and hidden files are no frames.  Throws InputError where
/// there are none.
std::unique_ptr<FrameReader> open_image_folder(const std::filesystem::path& folder);

/// Opens a video file or an image folder, whichever `path` is.
std::unique_ptr<FrameReader> open_video(const std::filesystem::path& path);

/// Reads a whole video into memory: for short ones.
ByteVideo read_video(const std::filesystem::path& path);

}  // namespace isoframe::metrics
