#pragma once
// Qwen2's tokenizer: NFC, a split pattern, byte-level byte pair encoding.
// Reference: Qwen2Tokenizer (transformers 5.23) on the `tokenizers` library.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "model/text/added_tokens.h"
#include "model/text/byte_pair_encoding.h"
#include "model/text/regex.h"

namespace isoframe::model::text {

class Qwen2Tokenizer {
 public:
  /// Reads `folder`/tokenizer.json, or without it vocab.json and merges.txt, and tokenizer_config.json where
  /// there is one.  Throws InputError naming the file for what is malformed or belongs to another kind of
  /// tokenizer, padding to the left included.
  explicit Qwen2Tokenizer(const std::filesystem::path& folder);
  /// Reads the contents of tokenizer.json; `origin` stands in error messages.
  Qwen2Tokenizer(const nlohmann::json& tokenizer, const std::string& origin);

  /// Token ids of `text`, nothing added.  Added tokens in the text ("<|im_end|>") become their ids wherever
  /// they come from, as in the reference.  Throws InputError unless `text` is valid UTF-8.
  std::vector<std::int64_t> encode(std::string_view text) const;

 private:
  void encode_normalized(std::string_view text, std::vector<std::int64_t>& ids) const;
  void encode_words(std::string_view text, std::vector<std::int64_t>& ids) const;
  /// Cuts `text` at the hits of `search`: ids of added tokens, and between them what `encode_rest` appends.
  template <typename EncodeRest>
  void cut(std::string_view text, const AddedTokenSearch& search, std::vector<std::int64_t>& ids,
           const EncodeRest& encode_rest) const;

  AddedTokenSearch raw_tokens_;         ///< looked for before normalization
  AddedTokenSearch normalized_tokens_;  ///< and after it
  Regex split_;
  Regex begins_with_word_;
  Regex ends_with_word_;
  BytePairEncoding bpe_;
};

}  // namespace isoframe::model::text
