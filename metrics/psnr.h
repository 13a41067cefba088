#pragma once
// Peak signal-to-noise ratio in dB.

#include "metrics/frame_scores.h"
#include "metrics/frames.h"

namespace isoframe::metrics {

/// Exact: fits for 2^46 values.
std::uint64_t squared_error(const std::uint8_t* a, const std::uint8_t* b, std::int64_t count);

/// Sum of squared differences of luma, Y = 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601, full range, not
/// rounded), of interleaved RGB.
double squared_luma_error(const std::uint8_t* a, const std::uint8_t* b, std::int64_t pixels);

/// Stands for the infinite PSNR of equal frames where a number is needed: above that of any that differ.
inline constexpr double kAboveAnyPsnr = 200.0;

/// 10 log10(255^2 / (squared_error / values)); infinite for 0.
double decibels(double squared_error, double values);

/// PSNR of 8-bit RGB frames: 10 log10(255^2 / MSE), infinite for equal frames.  `mean` is the PSNR of the
/// mean squared error over all frames (scikit-image's peak_signal_noise_ratio of the whole array): a mean of
/// decibels would be infinite as soon as one frame is equal.  Throws InputError where shapes differ.
FrameScores psnr(const ByteFrames& reference, const ByteFrames& candidate);

/// PSNR of the frames' luma, in the same way.
FrameScores psnr_luma(const ByteFrames& reference, const ByteFrames& candidate);

}  // namespace isoframe::metrics
