#include "metrics/ssim.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"
#include "metrics/windowed_ssim.h"

namespace isoframe::metrics {

namespace {

FrameScores scores(SsimWindow window, const ByteFrames& reference, const ByteFrames& candidate) {
  require_same_shape(reference, candidate);
  if (std::min(reference.height, reference.width) < window.side()) {
    throw InputError(
        fmt::format("frames of {} x {} are smaller than SSIM's window; use frames of at least {} x {}",
                    reference.height, reference.width, window.side(), window.side()));
  }
  std::vector<double> per_frame;
  WindowedSsim ssim_of(std::move(window));
  for (std::int64_t i = 0; i < reference.frames; ++i) {
    // Exact by definition, whatever a compiler does with fused multiply-adds; and the usual case costs
    // nothing.
    const bool equal = std::memcmp(reference.frame(i), candidate.frame(i),
                                   static_cast<std::size_t>(reference.frame_values())) == 0;
    per_frame.push_back(
        equal ? 1.0
              : ssim_of(reference.frame(i), candidate.frame(i), reference.height, reference.width).mean());
  }
  return scores_of(std::move(per_frame));
}

}  // namespace

FrameScores ssim(const ByteFrames& reference, const ByteFrames& candidate) {
  return scores(SsimWindow::gaussian(), reference, candidate);
}

FrameScores ssim_uniform(const ByteFrames& reference, const ByteFrames& candidate) {
  return scores(SsimWindow::uniform(), reference, candidate);
}

}  // namespace isoframe::metrics
