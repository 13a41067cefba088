#include "model/pipeline/limits.h"

#include <fmt/format.h>

#include "base/error.h"
#include "model/pipeline/size_buckets.h"
#include "model/sampling/guidance.h"
#include "model/transformer/transformer.h"
#include "model/vae/config.h"

namespace isoframe::model::pipeline {

Limits read_limits(const checkpoint::Checkpoint& checkpoint) {
  return limits_of(transformer::TransformerConfig::from(checkpoint.config("transformer")),
                   vae::VaeConfig::from(checkpoint.config("vae")),
                   sampling::GuiderConfig::from(checkpoint.config("guider")).guidance_scale);
}

Limits limits_of(const transformer::TransformerConfig& transformer, const vae::VaeConfig& vae,
                 double guidance_scale) {
  Limits limits;
  limits.attention_heads = transformer.num_attention_heads;
  limits.blocks = transformer.num_layers;
  limits.mlp_width =
      static_cast<std::int64_t>(static_cast<double>(transformer.inner_dim()) * transformer.mlp_ratio);
  limits.patch_size = transformer.patch_size;
  limits.patch_size_t = transformer.patch_size_t;
  limits.target_size = transformer.target_size;
  limits.spatial_compression = vae.spatial_compression_ratio;
  limits.temporal_compression = vae.temporal_compression_ratio;
  limits.guidance_scale = guidance_scale;
  return limits;
}

std::int64_t video_tokens(const Request& request, const Limits& limits) {
  const std::int64_t side = limits.spatial_compression * limits.patch_size;
  const std::int64_t frames = (request.frames - 1) / limits.temporal_compression + 1;
  return frames / limits.patch_size_t * (request.height / side) * (request.width / side);
}

namespace {

/// Says why a side will not do; empty if it will.
std::string side_error(const char* name, std::int64_t value, std::int64_t multiple) {
  constexpr std::int64_t kLargest = 16384;
  if (value >= multiple && value <= kLargest && value % multiple == 0) return {};
  const std::int64_t below = std::max(multiple, std::min(value, kLargest) / multiple * multiple);
  const std::int64_t above = std::min(kLargest / multiple * multiple, below + multiple);
  return fmt::format(
      "{} {} is not a multiple of {} px between {} and {}; the nearest that would do: {} or {}", name, value,
      multiple, multiple, kLargest, below, above);
}

void check_size(const Request& request, const Limits& limits) {
  const std::int64_t multiple = limits.spatial_compression * limits.patch_size;
  for (const auto& [name, side] : {std::pair{"height", request.height}, {"width", request.width}}) {
    const std::string error = side_error(name, side, multiple);
    if (error.empty()) continue;
    if (request.height < 1 || request.width < 1) throw InputError(error);
    const Size bucket =
        nearest_bucket(static_cast<double>(request.height), static_cast<double>(request.width),
                       limits.target_size, limits.spatial_compression);
    throw InputError(fmt::format("{}; the checkpoint's own size of such proportions is {} x {}", error,
                                 bucket.height, bucket.width));
  }
}

}  // namespace

void check_request(const Request& request, const Limits& limits) {
  check_size(request, limits);
  const std::int64_t k = limits.temporal_compression;
  if (request.frames < 1 || (request.frames - 1) % k != 0) {
    const std::int64_t below = request.frames < 1 ? 1 : (request.frames - 1) / k * k + 1;
    throw InputError(fmt::format("frames {} is not 1 + {} n; the nearest that would do: {} or {}",
                                 request.frames, k, below, below + k));
  }
  const std::int64_t latent_frames = (request.frames - 1) / k + 1;
  if (latent_frames % limits.patch_size_t != 0) {
    throw InputError(
        fmt::format("frames {} give {} latent frames, not a multiple of the transformer's patch_size_t {}",
                    request.frames, latent_frames, limits.patch_size_t));
  }
  if (request.steps < 1) throw InputError(fmt::format("steps {} must be at least 1", request.steps));
  if (request.tiling.enabled) vae::check_tiling(request.tiling, limits.spatial_compression);
}

void check_task(const checkpoint::Checkpoint& checkpoint, Task task) {
  if (checkpoint.task() == task) return;
  throw InputError(fmt::format("checkpoint {} is for {}, not for {}", checkpoint.directory().string(),
                               to_string(checkpoint.task()), to_string(task)));
}

}  // namespace isoframe::model::pipeline
