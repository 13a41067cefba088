#pragma once
// ByT5's tokenizer (arXiv:2105.13626): a byte is its value + 3, and an end-of-sequence token.
// Reference: ByT5Tokenizer (transformers 5.23).

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint/config.h"
#include "model/text/added_tokens.h"

namespace isoframe::model::text {

class Byt5Tokenizer {
 public:
  /// Reads `folder`/tokenizer_config.json; without one, ByT5's defaults.
  explicit Byt5Tokenizer(const std::filesystem::path& folder);
  explicit Byt5Tokenizer(const checkpoint::Config& config);

  /// Ids of `text` and the end of sequence, at most `max_length` in all.  Special tokens spelled out in the
  /// text
  /// ("</s>", "<extra_id_0>") become their ids; those marked so take the white space around them with them.
  /// Throws InputError unless `text` is valid UTF-8.
  std::vector<std::int64_t> encode(std::string_view text, std::size_t max_length) const;

 private:
  AddedTokenSearch tokens_;
  std::int64_t eos_id_;
};

}  // namespace isoframe::model::text
