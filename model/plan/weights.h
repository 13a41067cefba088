#pragma once
// Sizes of a rank's weights: those that the model's own constructors ask for, slices counted as slices.

#include <cstdint>
#include <map>
#include <string>

#include "model/plan/model.h"

namespace isoframe::model::plan {

/// Numbers by part ("transformer", "vae", "text_encoder", "text_encoder_2", "image_encoder").  `tensor_rank`:
/// the rank's place in the tensor group.
std::map<std::string, std::int64_t> weight_numbers(const ModelConfig& model, const Generation& generation,
                                                   int tensor_rank);

}  // namespace isoframe::model::plan
