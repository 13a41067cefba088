#pragma once
// The tokenizers of a synthetic checkpoint: a small Qwen2 byte-level BPE vocabulary, and ByT5's bytes.

#include <cstdint>
#include <filesystem>

#include <nlohmann/json.hpp>

namespace isoframe::model::synthetic {

/// A Qwen2 tokenizer and what the text model's config has to know of it.
struct QwenTokenizer {
  nlohmann::ordered_json tokenizer;  ///< tokenizer.json
  nlohmann::ordered_json config;     ///< tokenizer_config.json, with the chat template
  std::int64_t vocab_size = 0;       ///< added tokens included
  std::int64_t bos_token_id = 0;
  std::int64_t eos_token_id = 0;
};

/// Every byte is a symbol, so every text has tokens.  Each word of the pipeline's chat template is one token,
/// as in the real vocabulary: its prefix has the 108 tokens that the pipeline crops.  The same on every call.
QwenTokenizer qwen_tokenizer();

/// tokenizer_config.json of ByT5Tokenizer, which has no vocabulary file.
nlohmann::ordered_json byt5_tokenizer_config();

}  // namespace isoframe::model::synthetic
