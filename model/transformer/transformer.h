#pragma once
// The dual-stream video transformer.  Reference: HunyuanVideo15Transformer3DModel (diffusers 0.42).

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/config.h"
#include "model/checkpoint/parameters.h"
#include "model/parallel/sequence_parallel.h"
#include "model/parallel/tensor_parallel.h"
#include "model/probe.h"
#include "model/transformer/condition.h"

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

class Transformer {
 public:
  /// `sequence` decides which video tokens this rank holds; it must outlive the transformer.  `tensor`
  /// decides which heads and which part of each MLP; it must divide the heads.  What is computed once a pass
  /// or from one vector (embeddings, modulations, the last projection) is on every rank.
  Transformer(const TransformerConfig& config, const checkpoint::Parameters& parameters,
              const parallel::SequenceParallel& sequence,
              const parallel::TensorParallel& tensor = parallel::TensorParallel());
  ~Transformer();
  Transformer(Transformer&&) noexcept;

  /// One denoising pass.  sample: [1, in_channels, F, H, W] latents with condition latents and mask;
  /// `timestep` is the scheduler's 0..1000 value.  Returns the predicted velocity [1, out_channels, F, H, W],
  /// whole on every rank.
  at::Tensor forward(const at::Tensor& sample, double timestep, const Condition& condition,
                     Probe& probe) const;

  const TransformerConfig& config() const { return config_; }

 private:
  struct Impl;
  TransformerConfig config_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isoframe::model::transformer
