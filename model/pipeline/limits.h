#pragma once
// The rules that a request must keep for a checkpoint.

#include <cstdint>

#include "model/checkpoint/checkpoint.h"
#include "model/pipeline/request.h"

namespace isoframe::model::transformer {
struct TransformerConfig;
}
namespace isoframe::model::vae {
struct VaeConfig;
}

namespace isoframe::model::pipeline {

/// Numbers that requests and layouts are checked against, read from a checkpoint's configs alone.
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
