#include <fmt/format.h>

#include "base/error.h"
#include "metrics/frame_reader.h"
#include "metrics/image_folder.h"

namespace isoframe::metrics {

std::unique_ptr<FrameReader> open_video(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path))
    throw InputError(fmt::format("{}: no such file or folder", path.string()));
  if (std::filesystem::is_directory(path)) return open_image_folder(path);
  return is_image_file(path) ? open_image_file(path) : open_video_file(path);
}

ByteVideo read_video(const std::filesystem::path& path) {
  const std::unique_ptr<FrameReader> reader = open_video(path);
  ByteVideo video{0, reader->info().height, reader->info().width, {}};
  for (Frame frame; reader->read(frame); ++video.frames)
    video.data.insert(video.data.end(), frame.rgb.begin(), frame.rgb.end());
  return video;
}

}  // namespace isoframe::metrics
