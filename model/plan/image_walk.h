#pragma once
// The image encoder, walked through with an Account in place of tensors, line by line: what holds memory
// there holds it here.

#include "model/plan/model.h"
#include "model/plan/operators.h"

namespace isoframe::model::plan {

/// The stage "image": the picture is loaded, resized, cut, and seen by SigLIP.  Returns what stays of it.
struct HeldImage {
  Held pixels;
  Held embeds;
};
HeldImage walk_image(Account& account, const ModelConfig& model, const Generation& generation);

}  // namespace isoframe::model::plan
