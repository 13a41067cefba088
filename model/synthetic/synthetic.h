#pragma once
// Synthetic checkpoints: complete, seeded, in diffusers' layout, of any size.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

namespace isoframe::model::synthetic {

/// Bytes of weights written so far, and of all.  It may throw to end the writing; no file is left then.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Lists what would be written, part by part: {"transformer": [{"name", "shape"}, ..], ..}.  Throws
/// InputError where sizes do not fit together.
nlohmann::json describe_checkpoint(const nlohmann::json& configuration);

/// Writes a checkpoint that diffusers' HunyuanVideo15Pipeline loads, or where `configuration` has an
/// `image_encoder` HunyuanVideo15ImageToVideoPipeline: every part of `configuration` (presets.h), its tensors
/// as the model's own constructors ask for them, and both tokenizers.  Weights are written tensor by tensor
/// into shards of about 2 GiB, so that memory stays near the largest tensor's size. The directory appears
/// whole or not at all; `label` ("tiny") is noted in its isoframe.json. Throws InputError when `directory`
/// holds anything but an earlier synthetic checkpoint, which is replaced, or when a size does not fit;
/// RunError when writing fails.
void initialize_checkpoint(const nlohmann::json& configuration, const std::string& label, std::uint64_t seed,
                           const std::filesystem::path& directory, const Progress& progress = {});

}  // namespace isoframe::model::synthetic
