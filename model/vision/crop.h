#pragma once
// A picture of any size to the first frame of a video.

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace isoframe::model::vision {

/// uint8 [H, W, 3] -> uint8 [height, width, 3]: resized by Lanczos so that it covers the size, then cut
/// around its centre.  Reference: VaeImageProcessor.resize with resize_mode="crop" (diffusers 0.42).
at::Tensor resize_and_crop(const at::Tensor& image, std::int64_t height, std::int64_t width);

/// uint8 [H, W, 3] -> float32 [1, 3, 1, H, W] in [-1, 1]: one frame for the VAE.
/// Reference: VaeImageProcessor.preprocess (diffusers 0.42).
at::Tensor to_video_frame(const at::Tensor& image);

}  // namespace isoframe::model::vision
