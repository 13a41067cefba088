#pragma once
// The sizes of a model and of what it is asked for: all that a plan is made from.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "model/checkpoint/checkpoint.h"
#include "model/parallel/layout.h"
#include "model/parallel/numerics.h"
#include "model/parallel/predicted_traffic.h"
#include "model/plan/account.h"
#include "model/text/qwen2_5_vl.h"
#include "model/text/t5_encoder.h"
#include "model/transformer/transformer.h"
#include "model/vae/config.h"
#include "model/vae/tiling.h"
#include "model/vision/siglip.h"

namespace isoframe::model::plan {

/// A checkpoint's configs.
struct ModelConfig {
  transformer::TransformerConfig transformer;
  vae::VaeConfig vae;
  text::Qwen2_5_VLTextConfig text_encoder{};
  text::T5EncoderConfig text_encoder_2{};
  std::optional<vision::SiglipVisionConfig> image_encoder;
  double guidance_scale = 1.0;

  /// True if the pipeline hands the end of each step to the transformer (pipeline::Stages).
  bool hands_on_step_end() const { return image_encoder.has_value() && transformer.use_meanflow; }
};
/// Configs by the part's name, as in the checkpoint.
using ReadConfig = std::function<checkpoint::Config(const std::string& part)>;
ModelConfig read_model(const ReadConfig& config, checkpoint::Task task);

/// Tokens of one prompt.
struct PromptTokens {
  std::int64_t text = 0;    ///< that the text encoder is fed: template and prompt
  std::int64_t glyphs = 0;  ///< that ByT5 is fed
};

/// Sizes of one generation.
struct Generation {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t frames = 0;
  std::int64_t steps = 0;
  vae::TilingOptions tiling;
  PromptTokens prompt;
  PromptTokens negative_prompt;
  std::int64_t image_height = 0;  ///< of the picture in its file; 0 for text-to-video
  std::int64_t image_width = 0;
  double guidance_scale = 1.0;
  parallel::Layout layout;
  parallel::Reduction reduction = parallel::Reduction::kFast;
  int reduction_parts = 1;

  bool has_image() const { return image_height > 0; }
  bool has_second_pass() const { return guidance_scale != 1.0; }
};

/// Size of latents.
struct LatentSize {
  std::int64_t channels = 0;
  std::int64_t frames = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t numbers() const { return channels * frames * height * width; }
};
LatentSize latent_size(const ModelConfig& model, const Generation& generation);

/// The transformer's pass over one prompt's condition.
parallel::PassShape pass_shape(const ModelConfig& model, const Generation& generation,
                               const PromptTokens& prompt, std::int64_t element_bytes);
/// The prompts whose branch of guidance rank `rank` runs.
std::vector<PromptTokens> own_prompts(const Generation& generation, int rank);

/// True if tensor parallelism divides an encoder's heads; else the encoder is whole on every rank.
bool splits_text_encoder(const ModelConfig& model, int tensor);
bool splits_text_encoder_2(const ModelConfig& model, int tensor);

}  // namespace isoframe::model::plan
