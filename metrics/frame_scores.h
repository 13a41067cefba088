#pragma once
// A quality metric's scores of a video: one number a frame, and the two that gates read.

#include <cstdint>
#include <vector>

namespace isoframe::metrics {

struct FrameScores {
  std::vector<double> per_frame;
  double mean = 0.0;             ///< over the video; each metric says how it is taken
  double min = 0.0;              ///< of the worst frame
  std::int64_t worst_frame = 0;  ///< the first of the worst; 0 where all frames are alike
};

/// `mean` is the arithmetic one.  No frames: all zero.
FrameScores scores_of(std::vector<double> per_frame);

}  // namespace isoframe::metrics
