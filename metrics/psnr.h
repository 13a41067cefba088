#pragma once
// Peak signal-to-noise ratio in dB.

#include "metrics/frame_scores.h"
#include "metrics/frames.h"

namespace isoframe::metrics {

/// PSNR of 8-bit RGB frames: 10 log10(255^2 / MSE), infinite for equal frames.  `mean` is the PSNR of the
/// mean squared error over all frames (scikit-image's peak_signal_noise_ratio of the whole array): a mean of
/// decibels would be infinite as soon as one frame is equal.  Throws InputError where shapes differ.
FrameScores psnr(const ByteFrames& reference, const ByteFrames& candidate);

}  // namespace isoframe::metrics
