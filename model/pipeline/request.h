#pragma once
// A pipeline's input and output.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/checkpoint.h"
#include "model/vae/tiling.h"

namespace isoframe::model::pipeline {

using checkpoint::Task;

/// Inputs of denoising steps that are given instead of computed.  Latents may be of any dtype, on any device.
struct GivenInputs {
  at::Tensor noise;               ///< in place of the seed's; undefined: drawn from the seed
  std::vector<at::Tensor> steps;  ///< in place of what each step leaves for what follows; empty: nothing
  /// Timesteps are rounded to this dtype, as a model that computes in it is handed them.  In bfloat16 that
  /// moves them by up to 2 of 1000, further than all rounding inside the model moves a prediction.
  std::optional<at::ScalarType> timestep_dtype = {};
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
  GivenInputs given = {};
};

struct Video {
  at::Tensor frames;                     ///< [F, H, W, 3] in [0, 1] on rank 0; undefined elsewhere
  at::Tensor noise;                      ///< [1, C, f, h, w], which denoising began with
  at::Tensor latents;                    ///< what was decoded, before the VAE's scaling is undone
  std::vector<at::Tensor> step_latents;  ///< what each scheduler step gave, on the CPU
};

}  // namespace isoframe::model::pipeline
