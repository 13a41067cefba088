#pragma once
// Text-to-video, end to end.  Reference: HunyuanVideo15Pipeline (diffusers 0.42).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/checkpoint.h"
#include "model/parallel/mesh.h"
#include "model/probe.h"
#include "model/vae/vae.h"

namespace isoframe::model::pipeline {

/// One video.
struct Request {
  std::string prompt;
  std::string negative_prompt;
  std::int64_t height = 0;  ///< pixels, a multiple of 16
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
/// Video tokens of a request.
std::int64_t video_tokens(const Request& request, const Limits& limits);
Limits read_limits(const checkpoint::Checkpoint& checkpoint);
/// Throws InputError with the rule that is broken and the nearest value that would do.
void check_request(const Request& request, const Limits& limits);

class TextToVideo {
 public:
  /// Loads every part.  `guidance_scale` overrides the checkpoint's.
  TextToVideo(const checkpoint::Checkpoint& checkpoint, parallel::Mesh mesh,
              std::optional<double> guidance_scale, at::ScalarType dtype = at::kFloat);
  ~TextToVideo();

  Video generate(const Request& request, Probe& probe) const;

  /// Surplus tensors in the checkpoint's files.
  std::vector<std::string> unused() const;
  /// Throws InputError naming the first weight that is not a finite number: why frames may be none.
  void require_finite_weights() const;
  const vae::Vae& vae() const;
  const parallel::Mesh& mesh() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isoframe::model::pipeline
