#pragma once
// Fingerprints of checkpoints, by which two machines' copies are compared without reading their weights.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace isoframe::model::checkpoint {

/// Names, below `directory` and in order, of the files that decide what a checkpoint computes: configs,
/// tokenizer files and safetensors files.
std::vector<std::filesystem::path> files_of_checkpoint(const std::filesystem::path& directory);

/// Fingerprints by part ("transformer", "model_index.json"): 12 hexadecimal digits over the part's configs,
/// tokenizer files and the headers and sizes of its safetensors files.  Equal weights are not proven by it;
/// other shapes, dtypes, files or settings are found.
std::map<std::string, std::string> fingerprints(const std::filesystem::path& directory);

/// Fingerprint of one file's bytes, of the same length; "none" if it cannot be read.
std::string fingerprint_of_file(const std::filesystem::path& path);

}  // namespace isoframe::model::checkpoint
