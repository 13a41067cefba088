#include "model/synthetic/declare.h"

#include <map>
#include <stdexcept>

#include <fmt/format.h>

#include "model/parallel/sequence_parallel.h"
#include "model/parallel/usp.h"
#include "model/text/qwen2_5_vl.h"
#include "model/text/t5_encoder.h"
#include "model/transformer/transformer.h"
#include "model/vae/vae.h"
#include "model/vision/siglip.h"

namespace isoframe::model::synthetic {

using checkpoint::Config;
using checkpoint::Parameters;

namespace {

void declare_transformer(const Config& config, const Parameters& parameters) {
  const auto sequence = parallel::make_ulysses(parallel::self_group("sequence"));
  transformer::Transformer(transformer::TransformerConfig::from(config), parameters, *sequence);
}

void declare_vae(const Config& config, const Parameters& parameters) {
  vae::Vae(vae::VaeConfig::from(config), parameters, nullptr);
}

void declare_text_encoder(const Config& config, const Parameters& parameters) {
  text::Qwen2_5_VLTextModel(text::Qwen2_5_VLTextConfig::from(config), parameters);
}

void declare_text_encoder_2(const Config& config, const Parameters& parameters) {
  text::T5Encoder(text::T5EncoderConfig::from(config), parameters);
}

void declare_image_encoder(const Config& config, const Parameters& parameters) {
  vision::SiglipVisionModel(vision::SiglipVisionConfig::from(config), parameters);
}

}  // namespace

std::vector<checkpoint::Declaration::Item> declare(const std::string& part, const Config& config) {
  static const std::map<std::string, void (*)(const Config&, const Parameters&)> models = {
      {"transformer", declare_transformer},     {"vae", declare_vae},
      {"text_encoder", declare_text_encoder},   {"text_encoder_2", declare_text_encoder_2},
      {"image_encoder", declare_image_encoder},
  };
  checkpoint::Declaration declaration;
  models.at(part)(config, Parameters(declaration));

  std::vector<checkpoint::Declaration::Item> items;
  std::map<std::string, checkpoint::Shape> shapes;
  for (const auto& item : declaration.items()) {
    const auto [known, is_new] = shapes.emplace(item.name, item.shape);
    if (is_new) items.push_back(item);
    if (known->second != item.shape) {
      throw std::logic_error(fmt::format("{}: tensor '{}' is asked for in two shapes", part, item.name));
    }
  }
  return items;
}

}  // namespace isoframe::model::synthetic
