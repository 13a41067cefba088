#pragma once
// A pipeline's input and output.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/checkpoint.h"
#include "model/vae/tiling.h"

namespace isoframe::model::pipeline {

using checkpoint::Task;

/// A request for one video.
struct Request {
  std::string prompt;
  std::string negative_prompt;
  std::filesystem::path image;  ///< the first frame; empty for text-to-video
  std::int64_t height = 0;      ///< pixels, a multiple of 16
  std::int64_t width = 0;
  std::int64_t frames = 0;  ///< 1 + 4k
  std::int64_t steps = 0;
  std::uint64_t seed = 0;
  vae::TilingOptions tiling;
};

struct Video {
  at::Tensor frames;                     ///< [F, H, W, 3] in [0, 1] on rank 0; undefined elsewhere
  at::Tensor latents;                    ///< [1, C, f, h, w], before the VAE's scaling is undone
  std::vector<at::Tensor> step_latents;  ///< after each scheduler step
};

}  // namespace isoframe::model::pipeline
