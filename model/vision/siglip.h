#pragma once
// SigLIP's vision tower (arXiv:2303.15343).  Reference: SiglipVisionModel (transformers 5.23).

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/config.h"
#include "model/checkpoint/parameters.h"
#include "model/probe.h"

namespace isoframe::model::vision {

/// image_encoder/config.json, under its own names.
struct SiglipVisionConfig {
  std::int64_t hidden_size = 768;
  std::int64_t intermediate_size = 3072;
  std::int64_t num_hidden_layers = 12;
  std::int64_t num_attention_heads = 12;
  std::int64_t num_channels = 3;
  std::int64_t image_size = 224;
  std::int64_t patch_size = 16;
  double layer_norm_eps = 1e-6;
  bool vision_use_head = true;

  /// Patches of a picture; what is left at its right and lower edge is not looked at.
  std::int64_t tokens() const { return (image_size / patch_size) * (image_size / patch_size); }
  /// Throws InputError for another activation than GELU-tanh or values that do not fit together.
  static SiglipVisionConfig from(const checkpoint::Config& config);
};

class SiglipVisionModel {
 public:
  SiglipVisionModel(const SiglipVisionConfig& config, const checkpoint::Parameters& parameters);

  /// pixel_values: [1, num_channels, image_size, image_size] -> last_hidden_state [1, tokens(), hidden_size],
  /// after the last norm.  Probed as "image_encoder.layer" with the layer's index.
  at::Tensor forward(const at::Tensor& pixel_values, Probe& probe) const;

  const SiglipVisionConfig& config() const { return config_; }

 private:
  struct Linear {
    Linear(const checkpoint::Parameters& parameters, std::int64_t in, std::int64_t out);
    at::Tensor operator()(const at::Tensor& x) const;
    at::Tensor weight, bias;
  };
  struct LayerNorm {
    LayerNorm(const checkpoint::Parameters& parameters, const SiglipVisionConfig& config);
    at::Tensor operator()(const at::Tensor& x) const;
    at::Tensor weight, bias;
    double eps;
  };
  struct Layer {
    Layer(const checkpoint::Parameters& parameters, const SiglipVisionConfig& config);
    LayerNorm layer_norm1;
    Linear q_proj, k_proj, v_proj, out_proj;
    LayerNorm layer_norm2;
    Linear fc1, fc2;
  };

  at::Tensor embeddings(const at::Tensor& pixel_values) const;
  at::Tensor attention(const Layer& layer, const at::Tensor& hidden) const;

  SiglipVisionConfig config_;
  at::Tensor patch_embedding_weight_;  // [hidden_size, num_channels, patch_size, patch_size]
  at::Tensor patch_embedding_bias_;
  at::Tensor position_embedding_;  // [tokens, hidden_size]
  std::vector<Layer> layers_;
  LayerNorm post_layernorm_;
};

}  // namespace isoframe::model::vision
