#pragma once
// The rearrangements around the VAE's resampling convolutions, on channels-last volumes [F, H, W, C].

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// Unfolds channels into 2 x 2 positions (and into 2 frames where `temporal`, all but the first frame), for a
/// convolution's output and its shortcut, and adds both.
///
/// expanded: [F, H, W, k*O] and input: [F, H, W, C], k = 8 where `temporal`, else 4 -> [F', 2H, 2W, O], F' =
/// 2F - 1 where `temporal`, else F.  The shortcut repeats each channel of `input` k*O/C times; C is a
/// multiple of k.  The first frame of a temporal one has only 2 x 2 positions to fill: it drops half of
/// `expanded`, and repeats half as often. Reference: HunyuanVideo15Upsample (diffusers 0.42).
at::Tensor upsample_add(const at::Tensor& expanded, const at::Tensor& input, bool temporal);

/// The way back.  reduced: [F, H, W, O/k] and input: [F, H, W, C], H and W even, F odd where `temporal` ->
/// [F', H/2, W/2, O], F' = (F + 1)/2 where `temporal`.  The shortcut averages groups of k*C/O channels; the
/// first frame of a temporal one repeats its half of the channels. Reference: HunyuanVideo15Downsample
/// (diffusers 0.42).
at::Tensor downsample_add(const at::Tensor& reduced, const at::Tensor& input, bool temporal);

}  // namespace isoframe::model::kernels
