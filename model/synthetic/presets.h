#pragma once
// Sizes that a synthetic checkpoint may have.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "model/checkpoint/checkpoint.h"

namespace isoframe::model::synthetic {

/// "tiny", "small", "medium", "full".
const std::vector<std::string>& preset_names();

/// The configuration of a whole checkpoint: `dtype` ("float32" or "bfloat16") and, under a part's name, the
/// part's config file; `image_encoder` and `feature_extractor` for image-to-video only.  Throws InputError
/// for an unknown name.
nlohmann::json preset(const std::string& name, checkpoint::Task task = checkpoint::Task::kTextToVideo);

/// `base` with the values of `changes` in place of its own (RFC 7396), as `weights init --config` does it.
/// Throws InputError for a part or a key that `base` does not have; `origin` stands in the message.
nlohmann::json customized(nlohmann::json base, const nlohmann::json& changes, const std::string& origin);

}  // namespace isoframe::model::synthetic
