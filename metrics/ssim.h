#pragma once
// Structural similarity.  Wang, Bovik, Sheikh, Simoncelli: Image quality assessment (2004).

#include "metrics/frame_scores.h"
#include "metrics/frames.h"

namespace isoframe::metrics {

/// Side of the Gaussian window (sigma 1.5, cut at 3.5 sigma).
inline constexpr std::int64_t kSsimWindow = 11;

/// SSIM of 8-bit RGB frames in double: the numbers of scikit-image's structural_similarity(data_range=255,
/// channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False), frame by frame.  Pixels
/// whose window leaves the frame are not averaged.  `mean` is the mean over frames.  Equal frames: exactly 1.
/// Throws InputError where shapes differ or a frame is smaller than the window.
FrameScores ssim(const ByteFrames& reference, const ByteFrames& candidate);

/// The uniform variant: a window of 7 x 7 equal weights and sample covariances, scikit-image's default
/// structural_similarity(data_range=255, channel_axis=-1).
FrameScores ssim_uniform(const ByteFrames& reference, const ByteFrames& candidate);

}  // namespace isoframe::metrics
