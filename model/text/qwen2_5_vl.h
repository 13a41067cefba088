#pragma once
// The text model of Qwen2.5-VL (arXiv:2502.13923), as a feature extractor: its states after all but the last
// two layers.
// Reference: Qwen2_5_VLTextModel (transformers 5.23), `hidden_states[-3]` as HunyuanVideo15Pipeline takes it.

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/config.h"
#include "model/checkpoint/parameters.h"
#include "model/parallel/linear.h"
#include "model/probe.h"

namespace isoframe::model::text {

/// HunyuanVideo15Pipeline's num_hidden_layers_to_skip.
inline constexpr std::int64_t kSkippedLayers = 2;

struct Qwen2_5_VLTextConfig {
  std::int64_t vocab_size;
  std::int64_t hidden_size;
  std::int64_t intermediate_size;
  std::int64_t num_hidden_layers;
  std::int64_t num_attention_heads;
  std::int64_t num_key_value_heads;
  std::int64_t head_dim;
  double rms_norm_eps;
  double rope_theta;

  /// Reads config.json, flat or with the text model's part under `text_config`.  Throws InputError for sizes
  /// that do not fit together and for what is not implemented (sliding windows, scaled RoPE, other
  /// activations).
  static Qwen2_5_VLTextConfig from(const checkpoint::Config& config);
};

class Qwen2_5_VLTextModel {
 public:
  /// Asks for the tensors of every layer and of the final norm, so that an incomplete file is found while
  /// loading, although the last layers never run.  `tensor` shares out heads and MLP where it divides both
  /// query and key heads; elsewhere every rank computes all of it.
  Qwen2_5_VLTextModel(const Qwen2_5_VLTextConfig& config, const checkpoint::Parameters& parameters,
                      const parallel::TensorParallel& tensor = parallel::TensorParallel());

  /// `input_ids` without padding -> [1, T, hidden_size], the reference's hidden_states[-3]: the input of the
  /// second last layer, before any final norm.  Padding to the right of a causal model changes nothing.
  /// Probed as "text_encoder.layers" with the layer's index.  Throws InputError for an id outside the
  /// vocabulary.
  at::Tensor forward(const std::vector<std::int64_t>& input_ids, Probe& probe) const;

 private:
  struct Layer {
    at::Tensor input_layernorm;                             // [hidden_size]
    parallel::ColumnParallelLinear q_proj, k_proj, v_proj;  // to this rank's heads
    parallel::RowParallelLinear o_proj;
    at::Tensor post_attention_layernorm;                // [hidden_size]
    parallel::ColumnParallelLinear gate_proj, up_proj;  // to this rank's share of intermediate_size
    parallel::RowParallelLinear down_proj;
  };
  struct Rotary {
    at::Tensor cos, sin;  // [T, 1, head_dim]
  };

  Layer load_layer(const checkpoint::Parameters& parameters, const parallel::TensorParallel& tensor) const;
  Rotary rotary(std::int64_t tokens, at::ScalarType dtype) const;
  at::Tensor attention(const Layer& layer, const at::Tensor& hidden, const Rotary& rotary) const;
  at::Tensor run_layer(const Layer& layer, const at::Tensor& hidden, const Rotary& rotary) const;

  Qwen2_5_VLTextConfig config_;
  at::Tensor embed_tokens_;  // [vocab_size, hidden_size]
  std::vector<Layer> layers_;
  at::Tensor norm_;  // [hidden_size]; declared for completeness of the checkpoint
};

}  // namespace isoframe::model::text
