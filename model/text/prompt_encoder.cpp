#include "model/text/prompt_encoder.h"

#include <algorithm>
#include <string>

#include <ATen/ATen.h>

#include "model/checkpoint/weight_files.h"
#include "model/text/prompt_template.h"
#include "model/text/qwen2_5_vl.h"
#include "model/text/t5_encoder.h"

namespace isoframe::model::text {

namespace {

checkpoint::Parameters text_model_parameters(checkpoint::WeightFiles& files) {
  return checkpoint::Parameters(files, text_model_prefix(files));
}

}  // namespace

std::string text_model_prefix(const checkpoint::WeightFiles& files) {
  return files.prefix_of("embed_tokens.weight", {"model", "language_model", "model.language_model"});
}

struct PromptEncoder::Impl {
  Impl(const checkpoint::Checkpoint& checkpoint, const at::TensorOptions& options,
       const parallel::TensorParallel& tensor)
      : tokenizer(checkpoint),
        text_encoder_files(checkpoint.part("text_encoder"), options, checkpoint.variant()),
        text_encoder(Qwen2_5_VLTextConfig::from(checkpoint.config("text_encoder")),
                     text_model_parameters(text_encoder_files), tensor),
        text_encoder_2_files(checkpoint.part("text_encoder_2"), options, checkpoint.variant()),
        text_encoder_2_config(T5EncoderConfig::from(checkpoint.config("text_encoder_2"))),
        text_encoder_2(text_encoder_2_config, checkpoint::Parameters(text_encoder_2_files), tensor),
        options(options) {}

  at::Tensor encode_text(const std::string& prompt, Probe& probe) const {
    const at::Tensor states = text_encoder.forward(tokenizer.token_ids(prompt), probe);
    const std::int64_t cropped = std::min<std::int64_t>(kTemplateTokens, states.size(1));
    return states.slice(1, cropped).contiguous();
  }

  at::Tensor encode_glyphs(const std::string& prompt, Probe& probe) const {
    const std::vector<std::int64_t> ids = tokenizer.glyph_token_ids(prompt);
    if (ids.empty()) return at::zeros({1, 0, text_encoder_2_config.d_model}, options);
    return text_encoder_2.forward(ids, probe);
  }

  PromptTokenizer tokenizer;
  checkpoint::WeightFiles text_encoder_files;
  Qwen2_5_VLTextModel text_encoder;
  checkpoint::WeightFiles text_encoder_2_files;
  T5EncoderConfig text_encoder_2_config;
  T5Encoder text_encoder_2;
  at::TensorOptions options;
};

PromptEncoder::PromptEncoder(const checkpoint::Checkpoint& checkpoint, const at::TensorOptions& options,
                             const parallel::TensorParallel& tensor)
    : impl_(std::make_unique<Impl>(checkpoint, options, tensor)) {}

PromptEncoder::~PromptEncoder() = default;

PromptEmbeds PromptEncoder::encode(const std::string& prompt, Probe& probe) const {
  const PromptEmbeds embeds = {impl_->encode_text(prompt, probe), impl_->encode_glyphs(prompt, probe)};
  probe.tensor({.name = "prompt_embeds", .axes = axes::kTokens}, embeds.text);
  probe.tensor({.name = "prompt_embeds_2", .axes = axes::kTokens}, embeds.byt5);
  return embeds;
}

std::vector<std::int64_t> PromptEncoder::token_ids(const std::string& prompt) const {
  return impl_->tokenizer.token_ids(prompt);
}

std::vector<std::int64_t> PromptEncoder::glyph_token_ids(const std::string& prompt) const {
  return impl_->tokenizer.glyph_token_ids(prompt);
}

std::vector<CutText> PromptEncoder::cut_texts(const std::string& prompt, const std::string& called) const {
  return impl_->tokenizer.cut_texts(prompt, called);
}

std::vector<std::string> PromptEncoder::unused() const {
  std::vector<std::string> names;
  for (const auto& [part, files] : {std::pair{"text_encoder: ", &impl_->text_encoder_files},
                                    std::pair{"text_encoder_2: ", &impl_->text_encoder_2_files}}) {
    for (const std::string& name : files->unused()) names.push_back(part + name);
  }
  return names;
}

void PromptEncoder::require_finite_weights() const {
  impl_->text_encoder_files.require_finite();
  impl_->text_encoder_2_files.require_finite();
}

}  // namespace isoframe::model::text
