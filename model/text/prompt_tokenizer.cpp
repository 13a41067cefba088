#include "model/text/prompt_tokenizer.h"

#include <algorithm>
#include <optional>

#include "model/text/glyph_texts.h"
#include "model/text/prompt_template.h"
#include "model/text/unicode.h"

namespace isoframe::model::text {

PromptTokenizer::PromptTokenizer(const checkpoint::Checkpoint& checkpoint)
    : tokenizer_(checkpoint.part("tokenizer")), tokenizer_2_(checkpoint.part("tokenizer_2")) {}

std::vector<std::int64_t> PromptTokenizer::token_ids(const std::string& prompt) const {
  std::vector<std::int64_t> ids = tokenizer_.encode(apply_chat_template(prompt));
  ids.resize(std::min<std::size_t>(ids.size(), kTemplateTokens + kMaxPromptTokens));
  return ids;
}

std::vector<std::int64_t> PromptTokenizer::glyph_token_ids(const std::string& prompt) const {
  require_utf8(prompt);
  const std::optional<std::string> texts = glyph_texts(prompt);
  if (!texts) return {};
  return tokenizer_2_.encode(*texts, kMaxGlyphTokens);
}

}  // namespace isoframe::model::text
