#pragma once
// The encoder of T5 v1.0 and v1.1 (arXiv:1910.10683), which ByT5 shares.
// Reference: T5EncoderModel (transformers 5.23).

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/config.h"
#include "model/checkpoint/parameters.h"
#include "model/parallel/linear.h"
#include "model/probe.h"

namespace isoframe::model::text {

enum class T5FeedForward { kRelu, kGatedGelu };

struct T5EncoderConfig {
  std::int64_t vocab_size;
  std::int64_t d_model;
  std::int64_t d_kv;
  std::int64_t d_ff;
  std::int64_t num_layers;
  std::int64_t num_heads;
  std::int64_t relative_attention_num_buckets;
  std::int64_t relative_attention_max_distance;
  double layer_norm_epsilon;
  T5FeedForward feed_forward_proj;

  /// Reads config.json.  Throws InputError for a `feed_forward_proj` other than "relu" and "gated-gelu".
  static T5EncoderConfig from(const checkpoint::Config& config);
};

class T5Encoder {
 public:
  /// `tensor` shares out heads and feed-forward where it divides the heads; elsewhere every rank computes all
  /// of it.
  T5Encoder(const T5EncoderConfig& config, const checkpoint::Parameters& parameters,
            const parallel::TensorParallel& tensor = parallel::TensorParallel());

  /// `input_ids` without padding, at least one -> [1, G, d_model], last_hidden_state after the final norm.
  /// The reference masks its padding out of every softmax, which is the same. Probed as
  /// "text_encoder_2.block" with the block's index.  Throws InputError for an id outside the vocabulary.
  at::Tensor forward(const std::vector<std::int64_t>& input_ids, Probe& probe) const;

 private:
  struct Block {
    at::Tensor attention_norm;               // [d_model]
    parallel::ColumnParallelLinear q, k, v;  // to this rank's heads
    parallel::RowParallelLinear o;
    at::Tensor feed_forward_norm;                        // [d_model]
    parallel::ColumnParallelLinear wi;                   // to this rank's share of d_ff; wi_0 where gated
    std::optional<parallel::ColumnParallelLinear> wi_1;  // where gated
    parallel::RowParallelLinear wo;
  };

  Block load_block(const checkpoint::Parameters& parameters, const parallel::TensorParallel& tensor) const;
  at::Tensor position_bias(std::int64_t tokens) const;
  at::Tensor attention(const Block& block, const at::Tensor& hidden, const at::Tensor& bias) const;
  at::Tensor feed_forward(const Block& block, const at::Tensor& hidden) const;

  T5EncoderConfig config_;
  at::Tensor shared_;                   // [vocab_size, d_model]
  at::Tensor relative_attention_bias_;  // [buckets, own heads]; the first block's, used by all
  std::vector<Block> blocks_;
  at::Tensor final_layer_norm_;  // [d_model]
};

}  // namespace isoframe::model::text
