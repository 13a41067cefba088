#pragma once
// From a prompt to what the two text encoders are fed.  Reference:
// HunyuanVideo15Pipeline._get_mllm_prompt_embeds and _get_byt5_prompt_embeds (diffusers 0.42).

#include <cstdint>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"
#include "model/text/byt5_tokenizer.h"
#include "model/text/qwen2_tokenizer.h"

namespace isoframe::model::text {

/// A text of which an encoder takes only the beginning.
struct CutText {
  std::string called;                ///< "prompt", "quoted text of the negative prompt"
  std::int64_t given = 0, kept = 0;  ///< tokens
};

class PromptTokenizer {
 public:
  /// Loads `tokenizer` and `tokenizer_2` of the checkpoint.
  explicit PromptTokenizer(const checkpoint::Checkpoint& checkpoint);

  /// Template and prompt, truncated to 1108, unpadded.
  std::vector<std::int64_t> token_ids(const std::string& prompt) const;
  /// The ByT5 ids of the prompt's glyph texts, truncated to 256, unpadded; empty without quoted text.
  std::vector<std::int64_t> glyph_token_ids(const std::string& prompt) const;
  /// The texts of the prompt that are truncated; `called` is its own name.
  std::vector<CutText> cut_texts(const std::string& prompt, const std::string& called) const;

 private:
  std::vector<std::int64_t> whole_token_ids(const std::string& prompt) const;
  std::vector<std::int64_t> glyph_token_ids(const std::string& prompt, std::size_t most) const;

  Qwen2Tokenizer tokenizer_;
  Byt5Tokenizer tokenizer_2_;
};

}  // namespace isoframe::model::text
