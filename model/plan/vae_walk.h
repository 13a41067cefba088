#pragma once
// The VAE, walked through with an Account in place of tensors, line by line: what holds memory there holds it
// here.

#include "model/plan/model.h"
#include "model/plan/operators.h"

namespace isoframe::model::plan {

/// vae::Vae::decode and encode on one rank of the VAEPP group.  Nothing on the others and outside.
Held walk_decode(Account& account, const ModelConfig& model, const Generation& generation, int rank);
Held walk_encode(Account& account, const ModelConfig& model, const Generation& generation, int rank);

}  // namespace isoframe::model::plan
