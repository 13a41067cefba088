#include "model/synthetic/tokenizer_files.h"

#include <string_view>

#include "model/synthetic/bpe_vocabulary.h"
#include "model/text/prompt_template.h"
#include "model/text/regex.h"

namespace isoframe::model::synthetic {

using nlohmann::ordered_json;

namespace {

/// The pattern of the published tokenizer.json.
constexpr const char* kSplitPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// Words that prompts are made of: each is a token, so that a prompt has about as many as in the real
/// vocabulary.
constexpr std::string_view kCommonWords =
    "A cat walks on the grass in a sunny garden, realistic. The dog runs through deep snow at night. An old "
    "man "
    "sits by the window with his book and looks at falling rain. Close up of her face as she turns to the "
    "camera, "
    "cinematic lighting. Waves break over black rocks under an orange sky while two birds fly from left to "
    "right. "
    "Red and blue paint flows into clear water, slow motion, high detail. This is that it for not be there "
    "into "
    "over city street car people woman girl boy tree mountain river ocean sun moon cloud fire smoke wind "
    "green "
    "white yellow small large beautiful dark bright.";

/// Tokens in Qwen2's order; the first kSpecialTokens are special.
constexpr const char* kAddedTokens[] = {
    "<|endoftext|>",  "<|im_start|>",   "<|im_end|>",     "<|object_ref_start|>", "<|object_ref_end|>",
    "<|box_start|>",  "<|box_end|>",    "<|quad_start|>", "<|quad_end|>",         "<|vision_start|>",
    "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>",  "<|video_pad|>",        "<tool_call>",
    "</tool_call>",   "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>",       "<|fim_pad|>",
    "<|repo_name|>",  "<|file_sep|>"};
constexpr std::size_t kSpecialTokens = 14;
constexpr std::size_t kEndOfText = 0;
constexpr std::size_t kTurnEnd = 2;

constexpr const char* kChatTemplate =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + "
    "'<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/// Makes every piece that the split pattern finds in `text` a token.
void learn(BpeVocabulary& vocabulary, const text::Regex& split, std::string_view text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::vector<std::string_view> match = split.find(text, begin);
    if (match.empty()) return;
    vocabulary.add_word(match[0]);
    begin = static_cast<std::size_t>(match[0].data() + match[0].size() - text.data());
  }
}

BpeVocabulary trained_vocabulary() {
  BpeVocabulary vocabulary;
  const text::Regex split(kSplitPattern, "the synthetic tokenizer");
  const text::Regex special(R"(<\|[a-z_]+\|>)", "the synthetic tokenizer");
  const std::string conversation = text::apply_chat_template("");
  std::string_view rest = conversation;
  while (!rest.empty()) {
    const std::vector<std::string_view> token = special.find(rest, 0);
    const std::size_t end = token.empty() ? rest.size() : token[0].data() - rest.data();
    learn(vocabulary, split, rest.substr(0, end));
    rest.remove_prefix(token.empty() ? rest.size() : end + token[0].size());
  }
  learn(vocabulary, split, kCommonWords);
  return vocabulary;
}

ordered_json added_token(const char* content, bool special) {
  return {{"content", content}, {"lstrip", false},      {"normalized", false},
          {"rstrip", false},    {"single_word", false}, {"special", special}};
}

ordered_json byte_level() {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", false}};
}

/// Entries in order of id, as people expect to read them.
ordered_json vocabulary_by_id(const BpeVocabulary& vocabulary) {
  std::vector<std::string> tokens(vocabulary.ids().size());
  for (const auto& [token, id] : vocabulary.ids()) tokens[static_cast<std::size_t>(id)] = token;
  ordered_json::object_t ids;
  ids.reserve(tokens.size());
  for (std::size_t id = 0; id < tokens.size(); ++id) ids.emplace_back(tokens[id], id);
  return ids;
}

}  // namespace

QwenTokenizer qwen_tokenizer() {
  const BpeVocabulary vocabulary = trained_vocabulary();
  const auto base = static_cast<std::int64_t>(vocabulary.ids().size());
  QwenTokenizer result;
  result.vocab_size = base + static_cast<std::int64_t>(std::size(kAddedTokens));
  result.bos_token_id = base + static_cast<std::int64_t>(kEndOfText);
  result.eos_token_id = base + static_cast<std::int64_t>(kTurnEnd);

  ordered_json added = ordered_json::array();
  ordered_json added_by_id = ordered_json::object();
  for (std::size_t i = 0; i < std::size(kAddedTokens); ++i) {
    const std::int64_t id = base + static_cast<std::int64_t>(i);
    ordered_json token = added_token(kAddedTokens[i], i < kSpecialTokens);
    added_by_id[std::to_string(id)] = token;
    token["id"] = id;
    added.push_back(std::move(token));
  }
  ordered_json merges = ordered_json::array();
  for (const auto& [left, right] : vocabulary.merges()) merges.push_back(left + " " + right);

  const ordered_json split = {{"type", "Split"},
                              {"pattern", {{"Regex", kSplitPattern}}},
                              {"behavior", "Isolated"},
                              {"invert", false}};
  result.tokenizer = {{"version", "1.0"},
                      {"truncation", nullptr},
                      {"padding", nullptr},
                      {"added_tokens", added},
                      {"normalizer", {{"type", "NFC"}}},
                      {"pre_tokenizer",
                       {{"type", "Sequence"}, {"pretokenizers", ordered_json::array({split, byte_level()})}}},
                      {"post_processor", byte_level()},
                      {"decoder", byte_level()},
                      {"model",
                       {{"type", "BPE"},
                        {"dropout", nullptr},
                        {"unk_token", nullptr},
                        {"continuing_subword_prefix", ""},
                        {"end_of_word_suffix", ""},
                        {"fuse_unk", false},
                        {"byte_fallback", false},
                        {"vocab", vocabulary_by_id(vocabulary)},
                        {"merges", merges}}}};

  ordered_json special = ordered_json::array();
  for (std::size_t i = 1; i < kSpecialTokens; ++i) special.push_back(kAddedTokens[i]);
  result.config = {{"tokenizer_class", "Qwen2Tokenizer"},
                   {"add_prefix_space", false},
                   {"added_tokens_decoder", added_by_id},
                   {"additional_special_tokens", special},
                   {"bos_token", nullptr},
                   {"chat_template", kChatTemplate},
                   {"clean_up_tokenization_spaces", false},
                   {"eos_token", kAddedTokens[kTurnEnd]},
                   {"errors", "replace"},
                   {"model_max_length", 131072},
                   {"pad_token", kAddedTokens[kEndOfText]},
                   {"padding_side", "right"},
                   {"split_special_tokens", false},
                   {"unk_token", nullptr}};
  return result;
}

ordered_json byt5_tokenizer_config() {
  return {{"tokenizer_class", "ByT5Tokenizer"},
          {"eos_token", "</s>"},
          {"extra_ids", 125},
          {"model_max_length", 1000000},
          {"pad_token", "<pad>"},
          {"padding_side", "right"},
          {"unk_token", "<unk>"}};
}

}  // namespace isoframe::model::synthetic
