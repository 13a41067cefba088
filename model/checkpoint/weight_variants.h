#pragma once
// Weight files of a folder that belong together: plain ones, or those of a variant ("fp16") by the names that
// diffusers and transformers give them.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isoframe::model::checkpoint {

/// One variant's files in a folder.
struct WeightSet {
  std::optional<std::filesystem::path> index;  ///< says which file holds which tensor
  std::vector<std::filesystem::path> files;    ///< sorted
};

/// The variant in the name of a weight file or its index: "fp16" for "model.fp16.safetensors",
/// "model.fp16-00001-of-00002.safetensors" and "model.safetensors.index.fp16.json", "" for plain ones,
/// nothing for another file.
std::optional<std::string> variant_of(std::string_view file_name);

bool has_variant(const std::filesystem::path& folder, const std::string& variant);

/// The files of `variant` where the folder has them, else the plain ones, else those of the only variant that
/// is there.  Throws InputError, with what is there, for a folder without weights or with several variants of
/// which none is asked for.
WeightSet weight_set(const std::filesystem::path& folder, const std::string& variant);

}  // namespace isoframe::model::checkpoint
