#pragma once
// The transformer, walked through with an Account in place of tensors, line by line: what holds memory there
// holds it here.

#include "model/plan/model.h"
#include "model/plan/operators.h"

namespace isoframe::model::plan {

/// transformer::Transformer::forward on one rank.  Returns the velocity.
Held walk_transformer(Account& account, const ModelConfig& model, const Generation& generation, int rank,
                      const PromptTokens& prompt);

}  // namespace isoframe::model::plan
