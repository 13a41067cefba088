#pragma once
// The tensors that a part's model asks for, by its own constructor.

#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"

namespace isoframe::model::synthetic {

/// Names and shapes, each name once, in the order of asking.  `part` is "transformer", "vae", "text_encoder",
/// "text_encoder_2" or "image_encoder".  Throws InputError for a config whose values do not fit together.
std::vector<checkpoint::Declaration::Item> declare(const std::string& part, const checkpoint::Config& config);

}  // namespace isoframe::model::synthetic
