#include "model/text/t5_encoder.h"

#include <cmath>
#include <string>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "model/checkpoint/positive_number.h"
#include "model/kernels/attention.h"
#include "model/kernels/elementary.h"
#include "model/text/embedding.h"
#include "model/text/rms_norm.h"

namespace isoframe::model::text {

namespace {

/// Refuses an activation beside `feed_forward_proj` that is not the one it names.
void require_activation(const checkpoint::Config& config, const std::string& activation, bool is_gated) {
  const std::string own = config.text("dense_act_fn", activation);
  if (own != activation)
    config.fail("dense_act_fn", fmt::format("is '{}', but feed_forward_proj means '{}'", own, activation));
  if (config.boolean("is_gated_act", is_gated) != is_gated)
    config.fail("is_gated_act", fmt::format("is {}, but feed_forward_proj means {}", !is_gated, is_gated));
}

T5FeedForward read_feed_forward(const checkpoint::Config& config) {
  const std::string name = config.text("feed_forward_proj", "relu");
  if (name == "relu") {
    require_activation(config, "relu", false);
    return T5FeedForward::kRelu;
  }
  if (name == "gated-gelu") {
    require_activation(config, "gelu_new", true);
    return T5FeedForward::kGatedGelu;
  }
  config.fail("feed_forward_proj",
              fmt::format("is '{}', but only 'relu' and 'gated-gelu' are implemented", name));
}

/// The bucket of each distance key - query: the near half exact, the far half logarithmic up to
/// `max_distance`, each direction with buckets of its own.  Reference: T5Attention._relative_position_bucket,
/// bidirectional.
at::Tensor relative_position_bucket(const at::Tensor& distance, std::int64_t num_buckets,
                                    std::int64_t max_distance) {
  const std::int64_t per_direction = num_buckets / 2;
  const std::int64_t max_exact = per_direction / 2;
  const at::Tensor magnitude = distance.abs();
  // The reference's order of float32 operations: a distance on the edge of two buckets must fall into the
  // same one.
  const at::Tensor logarithmic =
      kernels::log(magnitude.to(at::kFloat) / max_exact) /
      std::log(static_cast<double>(max_distance) / static_cast<double>(max_exact)) *
      (per_direction - max_exact);
  const at::Tensor far = (max_exact + logarithmic.to(at::kLong)).clamp_max(per_direction - 1);
  return distance.gt(0).to(at::kLong) * per_direction + at::where(magnitude < max_exact, magnitude, far);
}

}  // namespace

T5EncoderConfig T5EncoderConfig::from(const checkpoint::Config& config) {
  T5EncoderConfig result{};
  result.vocab_size = config.integer("vocab_size");
  result.d_model = config.integer("d_model");
  result.d_kv = config.integer("d_kv");
  result.d_ff = config.integer("d_ff");
  result.num_layers = config.integer("num_layers");
  result.num_heads = config.integer("num_heads");
  result.relative_attention_num_buckets = config.integer("relative_attention_num_buckets", 32);
  result.relative_attention_max_distance = config.integer("relative_attention_max_distance", 128);
  result.layer_norm_epsilon = checkpoint::positive_number(config, "layer_norm_epsilon", 1e-6);
  result.feed_forward_proj = read_feed_forward(config);
  for (const char* key : {"vocab_size", "d_model", "d_kv", "d_ff", "num_layers", "num_heads"}) {
    if (config.integer(key) <= 0) config.fail(key, "must be positive");
  }
  if (result.relative_attention_num_buckets < 4) {
    config.fail("relative_attention_num_buckets", "must be at least 4: two a direction");
  }
  if (result.relative_attention_max_distance <= result.relative_attention_num_buckets / 4) {
    config.fail("relative_attention_max_distance", "must exceed a quarter of relative_attention_num_buckets");
  }
  return result;
}

T5Encoder::T5Encoder(const T5EncoderConfig& config, const checkpoint::Parameters& parameters,
                     const parallel::TensorParallel& tensor)
    : config_(config) {
  const parallel::TensorParallel split = tensor.where_it_divides({config.num_heads});
  const parallel::Range heads = split.share(config.num_heads);
  shared_ = parameters["shared"].get("weight", {config.vocab_size, config.d_model});
  const checkpoint::Parameters encoder = parameters["encoder"];
  relative_attention_bias_ = encoder["block"][0]["layer"][0]["SelfAttention"]["relative_attention_bias"].get(
      "weight", {config.relative_attention_num_buckets, config.num_heads},
      {.dim = 1, .begin = heads.begin, .length = heads.length});
  blocks_.reserve(static_cast<std::size_t>(config.num_layers));
  for (std::int64_t i = 0; i < config.num_layers; ++i)
    blocks_.push_back(load_block(encoder["block"][i]["layer"], split));
  final_layer_norm_ = encoder["final_layer_norm"].get("weight", {config.d_model});
}

T5Encoder::Block T5Encoder::load_block(const checkpoint::Parameters& parameters,
                                       const parallel::TensorParallel& tensor) const {
  using parallel::Bias;
  using parallel::ColumnParallelLinear;
  using parallel::RowParallelLinear;
  const std::int64_t model = config_.d_model;
  const std::int64_t heads = config_.num_heads;
  const checkpoint::Parameters attention = parameters[0]["SelfAttention"];
  const checkpoint::Parameters feed_forward = parameters[1]["DenseReluDense"];
  const auto by_head = [&](const char* name) {
    return ColumnParallelLinear(attention[name], model, heads * config_.d_kv,
                                tensor.share(heads, config_.d_kv), Bias::kNone);
  };
  const auto by_column = [&](const char* name) {
    return ColumnParallelLinear(feed_forward[name], model, config_.d_ff, tensor.share(config_.d_ff),
                                Bias::kNone);
  };
  const bool is_gated = config_.feed_forward_proj == T5FeedForward::kGatedGelu;
  return {.attention_norm = parameters[0]["layer_norm"].get("weight", {model}),
          .q = by_head("q"),
          .k = by_head("k"),
          .v = by_head("v"),
          .o = RowParallelLinear(attention["o"], heads, config_.d_kv, model, tensor, Bias::kNone),
          .feed_forward_norm = parameters[1]["layer_norm"].get("weight", {model}),
          .wi = by_column(is_gated ? "wi_0" : "wi"),
          .wi_1 = is_gated ? std::optional(by_column("wi_1")) : std::nullopt,
          .wo = RowParallelLinear(feed_forward["wo"], config_.d_ff, 1, model, tensor, Bias::kNone)};
}

at::Tensor T5Encoder::position_bias(std::int64_t tokens) const {
  const at::Tensor positions =
      at::arange(tokens, at::TensorOptions().dtype(at::kLong).device(shared_.device()));
  const at::Tensor distance = positions.unsqueeze(0) - positions.unsqueeze(1);
  const at::Tensor bucket = relative_position_bucket(distance, config_.relative_attention_num_buckets,
                                                     config_.relative_attention_max_distance);
  return at::embedding(relative_attention_bias_, bucket).permute({2, 0, 1}).unsqueeze(0).contiguous();
}

at::Tensor T5Encoder::attention(const Block& block, const at::Tensor& hidden, const at::Tensor& bias) const {
  const auto heads = [&](const parallel::ColumnParallelLinear& projection) {
    return projection(hidden).unflatten(-1, {-1, config_.d_kv}).transpose(1, 2);
  };
  // T5 does not scale the scores: its initialization absorbs the factor.
  const at::Tensor attended =
      kernels::attention(heads(block.q), heads(block.k), heads(block.v), {.bias = bias, .scale = 1.0});
  return block.o(attended.transpose(1, 2).flatten(2));
}

// The reference keeps wo and the residuals in float32 where the rest is float16, whose range they exceed.
at::Tensor T5Encoder::feed_forward(const Block& block, const at::Tensor& hidden) const {
  const auto wo = [&](const at::Tensor& x) {
    return block.wo(x.scalar_type() == at::kHalf ? x.to(at::kFloat) : x);
  };
  const at::Tensor inner = block.wi(hidden);
  if (config_.feed_forward_proj == T5FeedForward::kRelu) return wo(at::relu(inner));
  const at::Tensor gate = at::gelu(inner, "tanh");
  return wo(gate * (*block.wi_1)(hidden));
}

at::Tensor T5Encoder::forward(const std::vector<std::int64_t>& input_ids, Probe& probe) const {
  const double eps = config_.layer_norm_epsilon;
  at::Tensor hidden = embed(shared_, input_ids, "text_encoder_2");
  const at::Tensor bias = position_bias(hidden.size(1));
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    hidden = hidden + attention(block, rms_norm(hidden, block.attention_norm, eps), bias);
    hidden = hidden + feed_forward(block, rms_norm(hidden, block.feed_forward_norm, eps));
    probe.tensor(
        {.name = "text_encoder_2.block", .index = static_cast<std::int64_t>(i), .axes = axes::kTokens},
        hidden);
  }
  return rms_norm(hidden, final_layer_norm_, eps);
}

}  // namespace isoframe::model::text
