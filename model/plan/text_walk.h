#pragma once
// The text encoders, walked through with an Account in place of tensors, line by line: what holds memory
// there holds it here.

#include <cstdint>

#include "model/plan/model.h"
#include "model/plan/operators.h"

namespace isoframe::model::plan {

/// text::Qwen2_5_VLTextModel::forward of so many tokens.  Returns its states.
Held walk_text_encoder(Account& account, const ModelConfig& model, const Generation& generation,
                       std::int64_t tokens);
/// text::T5Encoder::forward; nothing for no tokens.
Held walk_text_encoder_2(Account& account, const ModelConfig& model, const Generation& generation,
                         std::int64_t tokens);

}  // namespace isoframe::model::plan
