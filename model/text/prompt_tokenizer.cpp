#include "model/text/prompt_tokenizer.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>

#include "base/text.h"
#include "model/text/glyph_texts.h"
#include "model/text/prompt_template.h"

namespace isoframe::model::text {

PromptTokenizer::PromptTokenizer(const checkpoint::Checkpoint& checkpoint)
    : tokenizer_(checkpoint.part("tokenizer")), tokenizer_2_(checkpoint.part("tokenizer_2")) {}

std::vector<std::int64_t> PromptTokenizer::token_ids(const std::string& prompt) const {
  std::vector<std::int64_t> ids = whole_token_ids(prompt);
  ids.resize(std::min<std::size_t>(ids.size(), kTemplateTokens + kMaxPromptTokens));
  return ids;
}

std::vector<std::int64_t> PromptTokenizer::whole_token_ids(const std::string& prompt) const {
  base::require_utf8(prompt, "the prompt");
  return tokenizer_.encode(apply_chat_template(prompt));
}

std::vector<std::int64_t> PromptTokenizer::glyph_token_ids(const std::string& prompt) const {
  return glyph_token_ids(prompt, kMaxGlyphTokens);
}

std::vector<std::int64_t> PromptTokenizer::glyph_token_ids(const std::string& prompt,
                                                           std::size_t most) const {
  base::require_utf8(prompt, "the prompt");
  const std::optional<std::string> texts = glyph_texts(prompt);
  if (!texts) return {};
  return tokenizer_2_.encode(*texts, most);
}

std::vector<CutText> PromptTokenizer::cut_texts(const std::string& prompt, const std::string& called) const {
  std::vector<CutText> cut;
  const auto note = [&cut](const std::string& text, std::int64_t given, std::int64_t kept) {
    if (given > kept) cut.push_back({text, given, kept});
  };
  note(called, std::ssize(whole_token_ids(prompt)) - kTemplateTokens, kMaxPromptTokens);
  note("quoted text of the " + called,
       std::ssize(glyph_token_ids(prompt, std::numeric_limits<std::size_t>::max())), kMaxGlyphTokens);
  return cut;
}

}  // namespace isoframe::model::text
