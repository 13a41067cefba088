#pragma once
// Frames that a container or codec asks to be shown turned: a phone's videos.

#include <cstdint>
#include <optional>
#include <vector>

struct AVFrame;
struct AVStream;

namespace isoframe::metrics {

/// A transposition, then mirrorings of its result.
struct Turn {
  bool is_transposed = false;
  bool mirrors_columns = false;  ///< left and right change places
  bool mirrors_rows = false;

  bool operator==(const Turn&) const = default;
};

/// The turn that a display matrix asks for; nothing for an angle that is no multiple of 90 degrees.
/// Reference: configure_input_video_filter in fftools/ffmpeg_filter.c (FFmpeg 5.1), which is ffmpeg's
/// -autorotate.
std::optional<Turn> turn_of(const std::int32_t* matrix);

/// The display matrix of a frame, or else of its stream; null where neither has one.
const std::int32_t* display_matrix(const AVFrame& frame, const AVStream& stream);

/// Turns a frame plane by plane into `out`, whose memory is its own.  False where a format's values cannot be
/// moved one by one: those packed into bits, with a palette, with colours shared by neighbours, or by fewer
/// rows than columns.
bool turn_frame(const AVFrame& frame, Turn turn, AVFrame& out);

/// Turns interleaved RGB; height and width are those before.
void turn_rgb(std::vector<std::uint8_t>& rgb, std::int64_t height, std::int64_t width, Turn turn);

}  // namespace isoframe::metrics
