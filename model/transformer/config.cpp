#include "model/transformer/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/checkpoint/positive_number.h"

namespace isoframe::model::transformer {

namespace {

std::int64_t positive(const checkpoint::Config& config, const std::string& key, std::int64_t otherwise) {
  const std::int64_t value = config.integer(key, otherwise);
  if (value < 1) config.fail(key, fmt::format("must be at least 1, but is {}", value));
  return value;
}

void check_rope_axes(const checkpoint::Config& config, const TransformerConfig& result) {
  const std::vector<std::int64_t>& axes = result.rope_axes_dim;
  const std::string shown = fmt::format("{}", axes);
  if (axes.size() != 3) {
    config.fail("rope_axes_dim",
                fmt::format("must have three entries (time, height, width), but is {}", shown));
  }
  std::int64_t sum = 0;
  for (const std::int64_t axis : axes) {
    if (axis < 0 || axis % 2 != 0) {
      config.fail("rope_axes_dim", fmt::format("must hold even numbers, but is {}", shown));
    }
    sum += axis;
  }
  if (sum != result.attention_head_dim) {
    config.fail("rope_axes_dim",
                fmt::format("is {} and sums up to {}, but must sum up to attention_head_dim, {}", shown, sum,
                            result.attention_head_dim));
  }
}

}  // namespace

TransformerConfig TransformerConfig::from(const checkpoint::Config& config) {
  config.require_class("HunyuanVideo15Transformer3DModel");
  TransformerConfig result;
  result.in_channels = positive(config, "in_channels", result.in_channels);
  result.out_channels = positive(config, "out_channels", result.out_channels);
  result.num_attention_heads = positive(config, "num_attention_heads", result.num_attention_heads);
  result.attention_head_dim = positive(config, "attention_head_dim", result.attention_head_dim);
  result.num_layers = positive(config, "num_layers", result.num_layers);
  result.num_refiner_layers = positive(config, "num_refiner_layers", result.num_refiner_layers);
  result.mlp_ratio = checkpoint::positive_number(config, "mlp_ratio", result.mlp_ratio);
  if (!(result.mlp_ratio > 0.0)) config.fail("mlp_ratio", "must be above 0");
  result.patch_size = positive(config, "patch_size", result.patch_size);
  result.patch_size_t = positive(config, "patch_size_t", result.patch_size_t);
  result.text_embed_dim = positive(config, "text_embed_dim", result.text_embed_dim);
  result.text_embed_2_dim = positive(config, "text_embed_2_dim", result.text_embed_2_dim);
  result.image_embed_dim = positive(config, "image_embed_dim", result.image_embed_dim);
  result.rope_theta = checkpoint::positive_number(config, "rope_theta", result.rope_theta);
  if (!(result.rope_theta > 0.0)) config.fail("rope_theta", "must be above 0");
  result.rope_axes_dim = config.integers("rope_axes_dim", result.rope_axes_dim);
  check_rope_axes(config, result);
  result.target_size = positive(config, "target_size", result.target_size);
  result.use_meanflow = config.boolean("use_meanflow", result.use_meanflow);
  const std::string qk_norm = config.text("qk_norm", "rms_norm");
  if (qk_norm != "rms_norm") config.fail("qk_norm", fmt::format("must be 'rms_norm', but is '{}'", qk_norm));
  return result;
}

}  // namespace isoframe::model::transformer
