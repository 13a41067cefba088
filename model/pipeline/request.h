#pragma once
// What a pipeline is asked for and gives, and what a checkpoint allows.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/checkpoint.h"
#include "model/vae/tiling.h"

namespace isoframe::model::transformer {
struct TransformerConfig;
}
namespace isoframe::model::vae {
struct VaeConfig;
}

namespace isoframe::model::pipeline {

using checkpoint::Task;

/// One video.
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

/// What a request and a layout must satisfy, read from the checkpoint's configs alone: nothing is loaded.
struct Limits {
  std::int64_t attention_heads = 0;
  std::int64_t blocks = 0;     ///< of the transformer
  std::int64_t mlp_width = 0;  ///< of its blocks: the longest sum of a linear layer
  std::int64_t spatial_compression = 16;
  std::int64_t temporal_compression = 4;
  std::int64_t patch_size = 1;
  std::int64_t patch_size_t = 1;
  std::int64_t target_size = 640;
  double guidance_scale = 1.0;  ///< the checkpoint's own
};
Limits read_limits(const checkpoint::Checkpoint& checkpoint);
Limits limits_of(const transformer::TransformerConfig& transformer, const vae::VaeConfig& vae,
                 double guidance_scale);
/// Video tokens of a request.
std::int64_t video_tokens(const Request& request, const Limits& limits);

/// Throws InputError with the rule that is broken and the nearest value that would do.
void check_request(const Request& request, const Limits& limits);
/// Throws InputError, naming the directory, where the checkpoint is made for the other task.
void check_task(const checkpoint::Checkpoint& checkpoint, Task task);

}  // namespace isoframe::model::pipeline
