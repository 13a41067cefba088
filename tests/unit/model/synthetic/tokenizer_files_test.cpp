#include "model/synthetic/tokenizer_files.h"

#include <gtest/gtest.h>

#include "model/text/prompt_template.h"
#include "model/text/qwen2_tokenizer.h"

namespace isoframe::model::synthetic {
namespace {

text::Qwen2Tokenizer tokenizer() {
  return {nlohmann::json::parse(qwen_tokenizer().tokenizer.dump()), "tokenizer.json"};
}

TEST(SyntheticTokenizer, TheTemplateBeforeThePromptHasThe108TokensThatAreCropped) {
  const std::string conversation = text::apply_chat_template("PROMPT");
  const std::string prefix = conversation.substr(0, conversation.find("PROMPT"));
  EXPECT_EQ(tokenizer().encode(prefix).size(), static_cast<std::size_t>(text::kTemplateTokens));
}

TEST(SyntheticTokenizer, AnyTextHasTokensAndACommonWordHasOne) {
  EXPECT_EQ(tokenizer().encode(" cat").size(), 1U);
  EXPECT_EQ(tokenizer().encode("\xF0\x9F\xA6\x8A").size(), 4U);
}

TEST(SyntheticTokenizer, SpecialTokensFollowTheVocabulary) {
  const QwenTokenizer made = qwen_tokenizer();
  EXPECT_EQ(tokenizer().encode("<|im_end|>"), std::vector<std::int64_t>{made.eos_token_id});
  EXPECT_EQ(made.eos_token_id, made.bos_token_id + 2);
  EXPECT_EQ(made.vocab_size, made.bos_token_id + 22);
}

}  // namespace
}  // namespace isoframe::model::synthetic
