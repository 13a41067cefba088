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

/// Latents that a generation is given instead of computing them, in any dtype and on any device.
struct GivenLatents {
  at::Tensor noise;               ///< in place of the seed's; undefined: drawn from the seed
  std::vector<at::Tensor> steps;  ///< in place of what each step leaves for what follows; empty: nothing
};

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
  GivenLatents given = {};
};

struct Video {
  at::Tensor frames;                     ///< [F, H, W, 3] in [0, 1] on rank 0; undefined elsewhere
  at::Tensor noise;                      ///< [1, C, f, h, w], which denoising began with
  at::Tensor latents;                    ///< what was decoded, before the VAE's scaling is undone
  std::vector<at::Tensor> step_latents;  ///< what each scheduler step gave
};

}  // namespace isoframe::model::pipeline
