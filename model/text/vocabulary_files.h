#pragma once
// Qwen2's tokenizer as older checkpoints save it: vocab.json and merges.txt, and its added tokens elsewhere.
// Reference: Qwen2Tokenizer and TokenizersBackend (transformers 5.23).

#include <filesystem>

#include <nlohmann/json.hpp>

namespace isoframe::model::text {

/// The content that `folder`/tokenizer.json would have, from vocab.json, merges.txt, tokenizer_config.json
/// and, where that has no added_tokens_decoder, special_tokens_map.json and added_tokens.json.  Throws
/// InputError naming the file.
nlohmann::json tokenizer_of_vocabulary_files(const std::filesystem::path& folder);

}  // namespace isoframe::model::text
