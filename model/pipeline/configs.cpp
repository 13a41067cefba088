#include "model/pipeline/configs.h"

#include <cstdint>

#include <fmt/format.h>

#include "model/sampling/flow_match_euler.h"
#include "model/sampling/guidance.h"
#include "model/text/qwen2_5_vl.h"
#include "model/text/t5_encoder.h"
#include "model/transformer/config.h"
#include "model/vae/config.h"
#include "model/vision/siglip.h"
#include "model/vision/siglip_processor.h"

namespace isoframe::model::pipeline {

namespace {

/// Refuses a number of transformer/config.json that is not its partner's.
void require_equal(const checkpoint::Checkpoint& checkpoint, const char* key, std::int64_t own,
                   const char* partner, std::int64_t wanted) {
  if (own != wanted)
    checkpoint.config("transformer").fail(key, fmt::format("is {}, but {} {}", own, partner, wanted));
}

}  // namespace

void check_configs(const checkpoint::Checkpoint& checkpoint) {
  const auto transformer = transformer::TransformerConfig::from(checkpoint.config("transformer"));
  const auto vae = vae::VaeConfig::from(checkpoint.config("vae"));
  const auto text_encoder = text::Qwen2_5_VLTextConfig::from(checkpoint.config("text_encoder"));
  const auto text_encoder_2 = text::T5EncoderConfig::from(checkpoint.config("text_encoder_2"));
  sampling::SchedulerConfig::from(checkpoint.config("scheduler"));
  sampling::GuiderConfig::from(checkpoint.config("guider"));
  const auto require = [&](const char* key, std::int64_t own, const char* partner, std::int64_t wanted) {
    require_equal(checkpoint, key, own, partner, wanted);
  };
  require("in_channels", transformer.in_channels, "latents, condition latents and mask have",
          2 * vae.latent_channels + 1);
  require("out_channels", transformer.out_channels, "vae's latent_channels is", vae.latent_channels);
  require("text_embed_dim", transformer.text_embed_dim, "text_encoder's hidden_size is",
          text_encoder.hidden_size);
  require("text_embed_2_dim", transformer.text_embed_2_dim, "text_encoder_2's d_model is",
          text_encoder_2.d_model);
  if (checkpoint.task() == checkpoint::Task::kImageToVideo) {
    const auto image_encoder = vision::SiglipVisionConfig::from(checkpoint.config("image_encoder"));
    const checkpoint::Config extractor = checkpoint.config("feature_extractor");
    const auto pictures = vision::SiglipProcessorConfig::from(extractor);
    require("image_embed_dim", transformer.image_embed_dim, "image_encoder's hidden_size is",
            image_encoder.hidden_size);
    if (pictures.height != image_encoder.image_size || pictures.width != image_encoder.image_size)
      extractor.fail("size", fmt::format("is {} x {}, but image_encoder's image_size is {}", pictures.height,
                                         pictures.width, image_encoder.image_size));
  }
}

}  // namespace isoframe::model::pipeline
