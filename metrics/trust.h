#pragma once
// Tests whether frames can fail a check at all: equal grey frames prove nothing.

#include <string>

#include "metrics/frames.h"

namespace isoframe::metrics {

/// Standard deviation below which a frame has no contrast: one 8-bit step, the least that SSIM and PSNR see.
inline constexpr double kMinContrast = 1.0 / 255.0;

/// Share of pixels of one and the same colour from which a video shows too little.
inline constexpr double kMaxConstantShare = 0.9;

/// Reason why comparisons with these frames prove nothing, as one clause ("12 of 33 values ..."); empty when
/// they do. In order: values that are NaN or infinite; no contrast within most frames (by channel, so that a
/// frame of one colour has none); more than 90 % of all pixels of one colour; no frames at all.
std::string reason_for_distrust(const FloatFrames& frames);

}  // namespace isoframe::metrics
