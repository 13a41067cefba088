#include "model/text/qwen2_5_vl.h"

#include <algorithm>
#include <numeric>
#include <string>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/checkpoint/positive_number.h"
#include "model/kernels/attention.h"
#include "model/kernels/elementary.h"
#include "model/text/embedding.h"
#include "model/text/rms_norm.h"

namespace isoframe::model::text {

namespace {

constexpr double kDefaultRopeTheta = 1e6;

/// RoPE settings were renamed: `rope_parameters` since transformers 5, before it `rope_scaling` and a
/// `rope_theta` beside it.  Where both are there the reference takes `rope_scaling`.
checkpoint::Config rope_parameters(const checkpoint::Config& config) {
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (config.has(key)) return config.object(key);
  }
  return checkpoint::Config(nlohmann::json::object(), config.origin());
}

double read_rope(const checkpoint::Config& config, std::int64_t head_dim) {
  const checkpoint::Config rope = rope_parameters(config);
  const std::string type = rope.text("rope_type", rope.text("type", "default"));
  if (type != "default" && type != "mrope") {
    rope.fail("rope_type", fmt::format("is '{}', but only 'default' and 'mrope' are implemented", type));
  }
  // All three position axes of a text token are equal, so the sections choose between equal angles: only that
  // they cover the head is left to check.
  const std::vector<std::int64_t> sections = rope.integers("mrope_section", {16, 24, 24});
  if (std::accumulate(sections.begin(), sections.end(), std::int64_t{0}) * 2 != head_dim) {
    rope.fail("mrope_section", fmt::format("must add up to half the head dimension {}, but is [{}]", head_dim,
                                           fmt::join(sections, ", ")));
  }
  return checkpoint::positive_number(rope, "rope_theta",
                                     checkpoint::positive_number(config, "rope_theta", kDefaultRopeTheta));
}

void refuse_sliding_windows(const checkpoint::Config& config) {
  if (!config.has("layer_types")) {
    if (config.boolean("use_sliding_window", false) &&
        config.integer("max_window_layers", 80) < config.integer("num_hidden_layers")) {
      config.fail("use_sliding_window", "is true, but sliding window attention is not implemented");
    }
    return;
  }
  for (const nlohmann::json& type : config.values().at("layer_types")) {
    if (type != "full_attention") {
      config.fail("layer_types",
                  fmt::format("names {}, but only \"full_attention\" is implemented", type.dump()));
    }
  }
}

/// Rotates the halves of the last dimension against each other: (a, b) -> (-b, a).
at::Tensor rotate_half(const at::Tensor& x) {
  const std::vector<at::Tensor> halves = x.chunk(2, -1);
  return at::cat({-halves[1], halves[0]}, -1);
}

}  // namespace

Qwen2_5_VLTextConfig Qwen2_5_VLTextConfig::from(const checkpoint::Config& whole) {
  const checkpoint::Config config = whole.has("text_config") ? whole.object("text_config") : whole;
  Qwen2_5_VLTextConfig result{};
  result.vocab_size = config.integer("vocab_size");
  result.hidden_size = config.integer("hidden_size");
  result.intermediate_size = config.integer("intermediate_size");
  result.num_hidden_layers = config.integer("num_hidden_layers");
  result.num_attention_heads = config.integer("num_attention_heads");
  result.num_key_value_heads = config.integer("num_key_value_heads", result.num_attention_heads);
  result.rms_norm_eps = checkpoint::positive_number(config, "rms_norm_eps", 1e-5);
  for (const char* key : {"vocab_size", "hidden_size", "intermediate_size", "num_attention_heads"}) {
    if (config.integer(key) <= 0) config.fail(key, "must be positive");
  }
  if (result.num_hidden_layers < kSkippedLayers) {
    config.fail("num_hidden_layers",
                fmt::format("is {}, but the pipeline conditions on the states before the last "
                            "{} layers: at least {} are needed",
                            result.num_hidden_layers, kSkippedLayers, kSkippedLayers));
  }
  if (result.hidden_size % result.num_attention_heads != 0) {
    config.fail("hidden_size", fmt::format("is {}, which {} attention heads do not divide",
                                           result.hidden_size, result.num_attention_heads));
  }
  if (result.num_key_value_heads <= 0 || result.num_attention_heads % result.num_key_value_heads != 0) {
    config.fail("num_key_value_heads", fmt::format("is {}, which does not divide {} attention heads",
                                                   result.num_key_value_heads, result.num_attention_heads));
  }
  result.head_dim = result.hidden_size / result.num_attention_heads;
  if (config.integer("head_dim", result.head_dim) != result.head_dim) {
    config.fail("head_dim", fmt::format("must be hidden_size / num_attention_heads = {}", result.head_dim));
  }
  if (config.text("hidden_act", "silu") != "silu") config.fail("hidden_act", "must be \"silu\"");
  refuse_sliding_windows(config);
  result.rope_theta = read_rope(config, result.head_dim);
  return result;
}

Qwen2_5_VLTextModel::Qwen2_5_VLTextModel(const Qwen2_5_VLTextConfig& config,
                                         const checkpoint::Parameters& parameters,
                                         const parallel::TensorParallel& tensor)
    : config_(config) {
  const parallel::TensorParallel split =
      tensor.where_it_divides({config.num_attention_heads, config.num_key_value_heads});
  embed_tokens_ = parameters["embed_tokens"].get("weight", {config.vocab_size, config.hidden_size});
  layers_.reserve(static_cast<std::size_t>(config.num_hidden_layers));
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i) {
    layers_.push_back(load_layer(parameters["layers"][i], split));
  }
  norm_ = parameters["norm"].get("weight", {config.hidden_size});
}

Qwen2_5_VLTextModel::Layer Qwen2_5_VLTextModel::load_layer(const checkpoint::Parameters& parameters,
                                                           const parallel::TensorParallel& tensor) const {
  using parallel::Bias;
  using parallel::ColumnParallelLinear;
  using parallel::RowParallelLinear;
  const std::int64_t hidden = config_.hidden_size;
  const std::int64_t heads = config_.num_attention_heads;
  const std::int64_t key_value = config_.num_key_value_heads;
  const std::int64_t intermediate = config_.intermediate_size;
  const std::int64_t head_dim = config_.head_dim;
  const checkpoint::Parameters attention = parameters["self_attn"];
  const checkpoint::Parameters mlp = parameters["mlp"];
  const auto by_head = [&](const char* name, std::int64_t count) {
    return ColumnParallelLinear(attention[name], hidden, count * head_dim, tensor.share(count, head_dim));
  };
  const auto by_column = [&](const char* name) {
    return ColumnParallelLinear(mlp[name], hidden, intermediate, tensor.share(intermediate), Bias::kNone);
  };
  return {.input_layernorm = parameters["input_layernorm"].get("weight", {hidden}),
          .q_proj = by_head("q_proj", heads),
          .k_proj = by_head("k_proj", key_value),
          .v_proj = by_head("v_proj", key_value),
          .o_proj = RowParallelLinear(attention["o_proj"], heads, head_dim, hidden, tensor, Bias::kNone),
          .post_attention_layernorm = parameters["post_attention_layernorm"].get("weight", {hidden}),
          .gate_proj = by_column("gate_proj"),
          .up_proj = by_column("up_proj"),
          .down_proj = RowParallelLinear(mlp["down_proj"], intermediate, 1, hidden, tensor, Bias::kNone)};
}

Qwen2_5_VLTextModel::Rotary Qwen2_5_VLTextModel::rotary(std::int64_t tokens, at::ScalarType dtype) const {
  const auto options = at::TensorOptions().dtype(at::kFloat).device(embed_tokens_.device());
  const at::Tensor exponents = at::arange(0, config_.head_dim, 2, options) / config_.head_dim;
  const at::Tensor inverse_frequencies = at::pow(config_.rope_theta, exponents).reciprocal();
  const at::Tensor angles =
      at::outer(at::arange(tokens, options), inverse_frequencies).repeat({1, 2}).unsqueeze(1);
  return {kernels::cos(angles).to(dtype), kernels::sin(angles).to(dtype)};
}

at::Tensor Qwen2_5_VLTextModel::attention(const Layer& layer, const at::Tensor& hidden,
                                          const Rotary& rotary) const {
  // [1, T, own heads, head_dim]
  const auto heads = [&](const parallel::ColumnParallelLinear& projection) {
    return projection(hidden).unflatten(-1, {-1, config_.head_dim});
  };
  const auto rotate = [&](const at::Tensor& x) { return x * rotary.cos + rotate_half(x) * rotary.sin; };
  // Query head h reads key head h / group: each key head is repeated for its group of query heads.
  const std::int64_t group = config_.num_attention_heads / config_.num_key_value_heads;
  const at::Tensor query = rotate(heads(layer.q_proj));
  const at::Tensor key = rotate(heads(layer.k_proj)).repeat_interleave(group, 2);
  const at::Tensor value = heads(layer.v_proj).repeat_interleave(group, 2);
  const at::Tensor attended = kernels::attention(query.transpose(1, 2), key.transpose(1, 2),
                                                 value.transpose(1, 2), {.is_causal = true});
  return layer.o_proj(attended.transpose(1, 2).flatten(2));
}

at::Tensor Qwen2_5_VLTextModel::run_layer(const Layer& layer, const at::Tensor& hidden,
                                          const Rotary& rotary) const {
  const double eps = config_.rms_norm_eps;
  const at::Tensor after_attention =
      hidden + attention(layer, rms_norm(hidden, layer.input_layernorm, eps), rotary);
  const at::Tensor normed = rms_norm(after_attention, layer.post_attention_layernorm, eps);
  const at::Tensor gate = at::silu(layer.gate_proj(normed));
  const at::Tensor up = layer.up_proj(normed);
  return after_attention + layer.down_proj(gate * up);
}

at::Tensor Qwen2_5_VLTextModel::forward(const std::vector<std::int64_t>& input_ids, Probe& probe) const {
  at::Tensor hidden = embed(embed_tokens_, input_ids, "text_encoder");
  const Rotary angles = rotary(hidden.size(1), hidden.scalar_type());
  // hidden_states has an entry for the embeddings and one a layer, the last of them replaced by the normed
  // output: the third from the end is what the second last layer would read.
  const std::int64_t layers = config_.num_hidden_layers - kSkippedLayers;
  for (std::int64_t i = 0; i < layers; ++i) {
    hidden = run_layer(layers_[static_cast<std::size_t>(i)], hidden, angles);
    probe.tensor({.name = "text_encoder.layers", .index = i, .axes = axes::kTokens}, hidden);
  }
  return hidden;
}

}  // namespace isoframe::model::text
