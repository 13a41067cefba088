#include "model/plan/model.h"

#include <algorithm>

#include "model/sampling/guidance.h"
#include "model/text/prompt_template.h"

namespace isoframe::model::plan {

ModelConfig read_model(const ReadConfig& config, checkpoint::Task task) {
  ModelConfig model;
  model.transformer = transformer::TransformerConfig::from(config("transformer"));
  model.vae = vae::VaeConfig::from(config("vae"));
  model.text_encoder = text::Qwen2_5_VLTextConfig::from(config("text_encoder"));
  model.text_encoder_2 = text::T5EncoderConfig::from(config("text_encoder_2"));
  if (task == checkpoint::Task::kImageToVideo)
    model.image_encoder = vision::SiglipVisionConfig::from(config("image_encoder"));
  model.guidance_scale = sampling::GuiderConfig::from(config("guider")).guidance_scale;
  return model;
}

LatentSize latent_size(const ModelConfig& model, const Generation& generation) {
  return {.channels = model.vae.latent_channels,
          .frames = (generation.frames - 1) / model.vae.temporal_compression_ratio + 1,
          .height = generation.height / model.vae.spatial_compression_ratio,
          .width = generation.width / model.vae.spatial_compression_ratio};
}

parallel::PassShape pass_shape(const ModelConfig& model, const Generation& generation,
                               const PromptTokens& prompt, std::int64_t element_bytes) {
  const transformer::TransformerConfig& config = model.transformer;
  const LatentSize latents = latent_size(model, generation);
  const std::int64_t patch = config.patch_size_t * config.patch_size * config.patch_size;
  const std::int64_t text = prompt.text - std::min(prompt.text, text::kTemplateTokens);
  const std::int64_t image = model.image_encoder ? model.image_encoder->tokens() : 0;
  return {.video_tokens = latents.frames * latents.height * latents.width / patch,
          .condition_tokens = text + prompt.glyphs + image,
          .text_tokens = text,
          .heads = config.num_attention_heads,
          .head_dim = config.attention_head_dim,
          .blocks = config.num_layers,
          .refiner_blocks = config.num_refiner_layers,
          .output_width = config.out_channels * patch,
          .element_bytes = element_bytes};
}

std::vector<PromptTokens> own_prompts(const Generation& generation, int rank) {
  if (!generation.has_second_pass()) return {generation.prompt};
  if (generation.layout.cfg == 1) return {generation.prompt, generation.negative_prompt};
  const bool is_conditional = rank < generation.layout.world_size() / 2;
  return {is_conditional ? generation.prompt : generation.negative_prompt};
}

bool splits_text_encoder(const ModelConfig& model, int tensor) {
  return model.text_encoder.num_attention_heads % tensor == 0 &&
         model.text_encoder.num_key_value_heads % tensor == 0;
}

bool splits_text_encoder_2(const ModelConfig& model, int tensor) {
  return model.text_encoder_2.num_heads % tensor == 0;
}

}  // namespace isoframe::model::plan
