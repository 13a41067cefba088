#pragma once
// The model's parts, walked through with an Account in place of tensors.  Each follows the part of the same
// name line by line: what holds memory there holds it here.

#include <cstdint>

#include "model/parallel/rank_share.h"
#include "model/plan/model.h"
#include "model/plan/operators.h"

namespace isoframe::model::plan {

/// text::Qwen2_5_VLTextModel::forward of so many tokens.  Returns its states.
Held walk_text_encoder(Account& account, const ModelConfig& model, const Generation& generation,
                       std::int64_t tokens);
/// text::T5Encoder::forward; nothing for no tokens.
Held walk_text_encoder_2(Account& account, const ModelConfig& model, const Generation& generation,
                         std::int64_t tokens);

/// The stage "image": the picture is loaded, resized, cut, and seen by SigLIP.  Returns what stays of it.
struct HeldImage {
  Held pixels;
  Held embeds;
};
HeldImage walk_image(Account& account, const ModelConfig& model, const Generation& generation);

/// transformer::Transformer::forward on one rank.  Returns the velocity.
Held walk_transformer(Account& account, const ModelConfig& model, const Generation& generation, int rank,
                      const PromptTokens& prompt);

/// vae::Vae::decode and encode on one rank of the VAEPP group.  Nothing on the others and outside.
Held walk_decode(Account& account, const ModelConfig& model, const Generation& generation, int rank);
Held walk_encode(Account& account, const ModelConfig& model, const Generation& generation, int rank);

}  // namespace isoframe::model::plan
