#pragma once

#include <cstdint>
#include <vector>

#include "model/checkpoint/config.h"

namespace isoframe::model::transformer {

/// transformer/config.json, under its own names.
struct TransformerConfig {
  std::int64_t in_channels = 65;
  std::int64_t out_channels = 32;
  std::int64_t num_attention_heads = 16;
  std::int64_t attention_head_dim = 128;
  std::int64_t num_layers = 54;
  std::int64_t num_refiner_layers = 2;
  double mlp_ratio = 4.0;
  std::int64_t patch_size = 1;
  std::int64_t patch_size_t = 1;
  std::int64_t text_embed_dim = 3584;
  std::int64_t text_embed_2_dim = 1472;
  std::int64_t image_embed_dim = 1152;
  double rope_theta = 256.0;
  std::vector<std::int64_t> rope_axes_dim = {16, 56, 56};
  std::int64_t target_size = 640;
  bool use_meanflow = false;

  std::int64_t inner_dim() const { return num_attention_heads * attention_head_dim; }
  /// Throws InputError for a config of another class or with values that do not fit together.
  static TransformerConfig from(const checkpoint::Config& config);
};

}  // namespace isoframe::model::transformer
