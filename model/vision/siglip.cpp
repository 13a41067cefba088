#include "model/vision/siglip.h"

#include <string>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "model/checkpoint/positive_number.h"
#include "model/kernels/activation.h"
#include "model/kernels/attention.h"
#include "model/kernels/linear.h"

namespace isoframe::model::vision {

namespace {

/// The pooling head's tensors are asked for and let go: the pipeline reads the states before it, and a
/// checkpoint without its head is not whole.
void ask_for_head(const checkpoint::Parameters& parameters, const SiglipVisionConfig& config) {
  const std::int64_t hidden = config.hidden_size;
  const auto linear = [](const checkpoint::Parameters& layer, std::int64_t in, std::int64_t out) {
    layer.get("weight", {out, in});
    layer.get("bias", {out});
  };
  parameters.get("probe", {1, 1, hidden});
  parameters["attention"].get("in_proj_weight", {3 * hidden, hidden});
  parameters["attention"].get("in_proj_bias", {3 * hidden});
  linear(parameters["attention"]["out_proj"], hidden, hidden);
  parameters["layernorm"].get("weight", {hidden});
  parameters["layernorm"].get("bias", {hidden});
  linear(parameters["mlp"]["fc1"], hidden, config.intermediate_size);
  linear(parameters["mlp"]["fc2"], config.intermediate_size, hidden);
}

}  // namespace

SiglipVisionConfig SiglipVisionConfig::from(const checkpoint::Config& config) {
  SiglipVisionConfig result;
  result.hidden_size = config.integer("hidden_size", result.hidden_size);
  result.intermediate_size = config.integer("intermediate_size", result.intermediate_size);
  result.num_hidden_layers = config.integer("num_hidden_layers", result.num_hidden_layers);
  result.num_attention_heads = config.integer("num_attention_heads", result.num_attention_heads);
  result.num_channels = config.integer("num_channels", result.num_channels);
  result.image_size = config.integer("image_size", result.image_size);
  result.patch_size = config.integer("patch_size", result.patch_size);
  result.layer_norm_eps = checkpoint::positive_number(config, "layer_norm_eps", result.layer_norm_eps);
  result.vision_use_head = config.boolean("vision_use_head", result.vision_use_head);
  const std::pair<const char*, std::int64_t> sizes[] = {{"hidden_size", result.hidden_size},
                                                        {"intermediate_size", result.intermediate_size},
                                                        {"num_hidden_layers", result.num_hidden_layers},
                                                        {"num_attention_heads", result.num_attention_heads},
                                                        {"patch_size", result.patch_size}};
  for (const auto& [key, value] : sizes) {
    if (value <= 0) config.fail(key, "must be positive");
  }
  if (result.hidden_size % result.num_attention_heads != 0)
    config.fail("num_attention_heads", fmt::format("must divide hidden_size {}", result.hidden_size));
  if (result.image_size < result.patch_size) config.fail("image_size", "is smaller than a patch");
  if (result.num_channels != 3) config.fail("num_channels", "must be 3: red, green and blue");
  const std::string activation = config.text("hidden_act", "gelu_pytorch_tanh");
  if (activation != "gelu_pytorch_tanh")
    config.fail("hidden_act",
                fmt::format("is '{}', but only 'gelu_pytorch_tanh' is implemented", activation));
  return result;
}

SiglipVisionModel::Linear::Linear(const checkpoint::Parameters& parameters, std::int64_t in, std::int64_t out)
    : weight(parameters.get("weight", {out, in})), bias(parameters.get("bias", {out})) {}

at::Tensor SiglipVisionModel::Linear::operator()(const at::Tensor& x) const {
  return kernels::linear(x, weight, bias);
}

SiglipVisionModel::LayerNorm::LayerNorm(const checkpoint::Parameters& parameters,
                                        const SiglipVisionConfig& config)
    : weight(parameters.get("weight", {config.hidden_size})),
      bias(parameters.get("bias", {config.hidden_size})),
      eps(config.layer_norm_eps) {}

at::Tensor SiglipVisionModel::LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, eps);
}

SiglipVisionModel::Layer::Layer(const checkpoint::Parameters& parameters, const SiglipVisionConfig& config)
    : layer_norm1(parameters["layer_norm1"], config),
      q_proj(parameters["self_attn"]["q_proj"], config.hidden_size, config.hidden_size),
      k_proj(parameters["self_attn"]["k_proj"], config.hidden_size, config.hidden_size),
      v_proj(parameters["self_attn"]["v_proj"], config.hidden_size, config.hidden_size),
      out_proj(parameters["self_attn"]["out_proj"], config.hidden_size, config.hidden_size),
      layer_norm2(parameters["layer_norm2"], config),
      fc1(parameters["mlp"]["fc1"], config.hidden_size, config.intermediate_size),
      fc2(parameters["mlp"]["fc2"], config.intermediate_size, config.hidden_size) {}

SiglipVisionModel::SiglipVisionModel(const SiglipVisionConfig& config,
                                     const checkpoint::Parameters& parameters)
    : config_(config),
      patch_embedding_weight_(parameters["embeddings"]["patch_embedding"].get(
          "weight", {config.hidden_size, config.num_channels, config.patch_size, config.patch_size})),
      patch_embedding_bias_(parameters["embeddings"]["patch_embedding"].get("bias", {config.hidden_size})),
      position_embedding_(parameters["embeddings"]["position_embedding"].get(
          "weight", {config.tokens(), config.hidden_size})),
      post_layernorm_(parameters["post_layernorm"], config) {
  layers_.reserve(static_cast<std::size_t>(config.num_hidden_layers));
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i)
    layers_.emplace_back(parameters["encoder"]["layers"][i], config);
  if (config.vision_use_head) ask_for_head(parameters["head"], config);
}

at::Tensor SiglipVisionModel::embeddings(const at::Tensor& pixel_values) const {
  const std::vector<std::int64_t> expected = {1, config_.num_channels, config_.image_size,
                                              config_.image_size};
  if (pixel_values.sizes() != expected)
    throw InputError(fmt::format("the image encoder takes pixels of shape [{}], not [{}]",
                                 fmt::join(expected, ", "), fmt::join(pixel_values.sizes(), ", ")));
  // A convolution whose stride is its kernel: one linear layer over the patches.
  const std::int64_t patch = config_.patch_size;
  const std::int64_t side = config_.image_size / patch;
  const at::Tensor patches = pixel_values.narrow(2, 0, side * patch)
                                 .narrow(3, 0, side * patch)
                                 .reshape({config_.num_channels, side, patch, side, patch})
                                 .permute({1, 3, 0, 2, 4})
                                 .reshape({1, config_.tokens(), -1});
  return kernels::linear(patches, patch_embedding_weight_.flatten(1), patch_embedding_bias_) +
         position_embedding_;
}

at::Tensor SiglipVisionModel::attention(const Layer& layer, const at::Tensor& hidden) const {
  const auto heads = [&](const Linear& projection) {
    return projection(hidden).unflatten(-1, {config_.num_attention_heads, -1}).transpose(1, 2);
  };
  const at::Tensor attended =
      kernels::attention(heads(layer.q_proj), heads(layer.k_proj), heads(layer.v_proj));
  return layer.out_proj(attended.transpose(1, 2).flatten(2));
}

at::Tensor SiglipVisionModel::forward(const at::Tensor& pixel_values, Probe& probe) const {
  at::Tensor hidden = embeddings(pixel_values);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    hidden = hidden + attention(layer, layer.layer_norm1(hidden));
    const at::Tensor inner = layer.fc1(layer.layer_norm2(hidden));
    kernels::gelu_tanh_in_place(inner);
    hidden = hidden + layer.fc2(inner);
    probe.tensor(
        {.name = "image_encoder.layer", .index = static_cast<std::int64_t>(i), .axes = axes::kTokens},
        hidden);
  }
  return post_layernorm_(hidden);
}

}  // namespace isoframe::model::vision
