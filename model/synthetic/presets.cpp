#include "model/synthetic/presets.h"

#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace isoframe::model::synthetic {

namespace {

/// The published 480p text-to-video model; the other presets say only what they change.
constexpr std::string_view kFull = R"json({
  "dtype": "bfloat16",
  "transformer": {
    "_class_name": "HunyuanVideo15Transformer3DModel",
    "in_channels": 65,
    "out_channels": 32,
    "num_attention_heads": 16,
    "attention_head_dim": 128,
    "num_layers": 54,
    "num_refiner_layers": 2,
    "mlp_ratio": 4.0,
    "patch_size": 1,
    "patch_size_t": 1,
    "qk_norm": "rms_norm",
    "text_embed_dim": 3584,
    "text_embed_2_dim": 1472,
    "image_embed_dim": 1152,
    "rope_theta": 256.0,
    "rope_axes_dim": [16, 56, 56],
    "target_size": 640,
    "task_type": "t2v",
    "use_meanflow": false
  },
  "vae": {
    "_class_name": "AutoencoderKLHunyuanVideo15",
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 32,
    "block_out_channels": [128, 256, 512, 1024, 1024],
    "layers_per_block": 2,
    "spatial_compression_ratio": 16,
    "temporal_compression_ratio": 4,
    "downsample_match_channel": true,
    "upsample_match_channel": true,
    "scaling_factor": 1.03682
  },
  "text_encoder": {
    "architectures": ["Qwen2_5_VLTextModel"],
    "model_type": "qwen2_5_vl_text",
    "vocab_size": 152064,
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "hidden_act": "silu",
    "max_position_embeddings": 128000,
    "rms_norm_eps": 1e-06,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0, "mrope_section": [16, 24, 24]},
    "attention_dropout": 0.0,
    "use_sliding_window": false
  },
  "text_encoder_2": {
    "architectures": ["T5EncoderModel"],
    "model_type": "t5",
    "vocab_size": 1510,
    "d_model": 1472,
    "d_kv": 64,
    "d_ff": 3584,
    "num_layers": 12,
    "num_heads": 6,
    "relative_attention_num_buckets": 32,
    "relative_attention_max_distance": 128,
    "feed_forward_proj": "gated-gelu",
    "layer_norm_epsilon": 1e-06,
    "dropout_rate": 0.1,
    "is_encoder_decoder": false,
    "use_cache": false,
    "pad_token_id": 0,
    "eos_token_id": 1
  },
  "scheduler": {
    "_class_name": "FlowMatchEulerDiscreteScheduler",
    "num_train_timesteps": 1000,
    "shift": 5.0,
    "use_dynamic_shifting": false
  },
  "guider": {
    "_class_name": "ClassifierFreeGuidance",
    "guidance_scale": 6.0,
    "guidance_rescale": 0.0,
    "use_original_formulation": false,
    "start": 0.0,
    "stop": 1.0,
    "enabled": true
  }
})json";

/// A preset for smoke tests: five frames of 96 x 160 take a fraction of a second on one core.
constexpr std::string_view kTiny = R"json({
  "dtype": "float32",
  "transformer": {
    "num_attention_heads": 4, "attention_head_dim": 32, "num_layers": 2, "text_embed_dim": 128,
    "text_embed_2_dim": 64, "image_embed_dim": 64, "rope_axes_dim": [8, 12, 12]
  },
  "vae": {"block_out_channels": [16, 16, 32, 64, 64], "layers_per_block": 1},
  "text_encoder": {
    "vocab_size": 1536, "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 4,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 4096,
    "rope_parameters": {"mrope_section": [4, 6, 6]}
  },
  "text_encoder_2": {
    "vocab_size": 384, "d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 2, "num_heads": 4
  }
})json";

constexpr std::string_view kSmall = R"json({
  "dtype": "float32",
  "transformer": {
    "num_attention_heads": 8, "attention_head_dim": 32, "num_layers": 4, "text_embed_dim": 256,
    "text_embed_2_dim": 128, "image_embed_dim": 128, "rope_axes_dim": [8, 12, 12]
  },
  "vae": {"block_out_channels": [32, 64, 64, 128, 128]},
  "text_encoder": {
    "vocab_size": 1536, "hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 6,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 4096,
    "rope_parameters": {"mrope_section": [8, 12, 12]}
  },
  "text_encoder_2": {
    "vocab_size": 384, "d_model": 128, "d_kv": 32, "d_ff": 256, "num_layers": 4, "num_heads": 4
  }
})json";

/// A real load that still fits into a small machine's memory.
constexpr std::string_view kMedium = R"json({
  "dtype": "float32",
  "transformer": {
    "num_attention_heads": 8, "attention_head_dim": 64, "num_layers": 10, "text_embed_dim": 512,
    "text_embed_2_dim": 256, "image_embed_dim": 256, "rope_axes_dim": [8, 28, 28]
  },
  "vae": {"block_out_channels": [64, 128, 256, 256, 256]},
  "text_encoder": {
    "vocab_size": 1536, "hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 8,
    "num_attention_heads": 8, "num_key_value_heads": 4, "max_position_embeddings": 4096,
    "rope_parameters": {"mrope_section": [8, 12, 12]}
  },
  "text_encoder_2": {
    "vocab_size": 384, "d_model": 256, "d_kv": 32, "d_ff": 512, "num_layers": 6, "num_heads": 6
  }
})json";

/// Differences of the published 480p image-to-video model.
constexpr std::string_view kFullImage = R"json({
  "transformer": {"task_type": "i2v"},
  "image_encoder": {
    "architectures": ["SiglipVisionModel"],
    "model_type": "siglip_vision_model",
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_hidden_layers": 27,
    "num_attention_heads": 16,
    "num_channels": 3,
    "image_size": 384,
    "patch_size": 14,
    "hidden_act": "gelu_pytorch_tanh",
    "layer_norm_eps": 1e-06,
    "attention_dropout": 0.0,
    "vision_use_head": true
  },
  "feature_extractor": {
    "image_processor_type": "SiglipImageProcessor",
    "do_convert_rgb": true,
    "do_normalize": true,
    "do_rescale": true,
    "do_resize": true,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "resample": 3,
    "rescale_factor": 0.00392156862745098,
    "size": {"height": 384, "width": 384}
  }
})json";

// Pictures are a little larger than their patches, as at full size: 59 = 4 x 14 + 3.
constexpr std::string_view kTinyImage = R"json({
  "image_encoder": {
    "hidden_size": 64, "intermediate_size": 144, "num_hidden_layers": 2, "num_attention_heads": 4, "image_size": 59
  },
  "feature_extractor": {"size": {"height": 59, "width": 59}}
})json";

constexpr std::string_view kSmallImage = R"json({
  "image_encoder": {
    "hidden_size": 128, "intermediate_size": 320, "num_hidden_layers": 4, "num_attention_heads": 4, "image_size": 115
  },
  "feature_extractor": {"size": {"height": 115, "width": 115}}
})json";

constexpr std::string_view kMediumImage = R"json({
  "image_encoder": {
    "hidden_size": 256, "intermediate_size": 960, "num_hidden_layers": 8, "num_attention_heads": 8, "image_size": 227
  },
  "feature_extractor": {"size": {"height": 227, "width": 227}}
})json";

std::string_view image_changes_of(const std::string& name) {
  if (name == "tiny") return kTinyImage;
  if (name == "small") return kSmallImage;
  if (name == "medium") return kMediumImage;
  return "{}";
}

std::string_view changes_of(const std::string& name) {
  if (name == "tiny") return kTiny;
  if (name == "small") return kSmall;
  if (name == "medium") return kMedium;
  if (name == "full") return "{}";
  throw InputError(
      fmt::format("no preset is called '{}'; there are {}", name, fmt::join(preset_names(), ", ")));
}

void check_known(const nlohmann::json& base, const nlohmann::json& changes, const std::string& where) {
  for (const auto& [key, value] : changes.items()) {
    if (!base.contains(key)) throw InputError(fmt::format("{}'{}' is not known here", where, key));
    if (base[key].is_object()) {
      if (!value.is_object()) throw InputError(fmt::format("{}'{}' must be an object", where, key));
      check_known(base[key], value, fmt::format("{}in '{}': ", where, key));
    }
  }
}

}  // namespace

const std::vector<std::string>& preset_names() {
  static const std::vector<std::string> names = {"tiny", "small", "medium", "full"};
  return names;
}

nlohmann::json preset(const std::string& name, checkpoint::Task task) {
  std::vector<std::string_view> layers = {kFull, changes_of(name)};
  if (task == checkpoint::Task::kImageToVideo) {
    layers.push_back(kFullImage);
    layers.push_back(image_changes_of(name));
  }
  nlohmann::json values;
  for (const std::string_view layer : layers) values.merge_patch(nlohmann::json::parse(layer));
  return values;
}

nlohmann::json customized(nlohmann::json base, const nlohmann::json& changes, const std::string& origin) {
  if (!changes.is_object()) throw InputError(fmt::format("{}: must be a JSON object of parts", origin));
  check_known(base, changes, origin + ": ");
  base.merge_patch(changes);
  return base;
}

}  // namespace isoframe::model::synthetic
