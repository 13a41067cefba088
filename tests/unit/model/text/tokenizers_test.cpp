#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json_file.h"
#include "model/text/byt5_tokenizer.h"
#include "model/text/glyph_texts.h"
#include "model/text/prompt_template.h"
#include "model/text/qwen2_tokenizer.h"
#include "model/text/unicode.h"
#include "reference_data.h"

namespace isoframe::model::text {
namespace {

using Ids = std::vector<std::int64_t>;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

nlohmann::json tokenizer_file() { return base::read_json(data_file("tokenizer.json")); }

Byt5Tokenizer default_byt5() { return Byt5Tokenizer(checkpoint::Config(nlohmann::json::object(), "test")); }

TEST(Qwen2Tokenizer, GivesTheReferencesIds) {
  const Qwen2Tokenizer tokenizer(tokenizer_file(), "tokenizer.json");
  for (const nlohmann::json& item : expected().at("qwen2")) {
    EXPECT_EQ(tokenizer.encode(item.at("text").get<std::string>()), item.at("ids").get<Ids>())
        << item.at("text");
  }
}

// Lao mai ek (class 122) before pali virama (class 9, since Unicode 12): Unicode reorders, the reference does
// not.
/// A folder of tokenizer files, which is removed after the test.
class TokenizerFolder : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name) << content;
  }
  /// Writes what the file says as vocab.json and merges.txt.
  void write_vocabulary(const nlohmann::json& file) const {
    write("vocab.json", file.at("model").at("vocab").dump());
    std::string merges = "#version: 0.2\n";
    for (const auto& merge : file.at("model").at("merges"))
      merges += merge[0].get<std::string>() + " " + merge[1].get<std::string>() + "\n";
    write("merges.txt", merges);
  }
  void expect_references_ids() const {
    const Qwen2Tokenizer tokenizer(folder_);
    for (const auto& item : expected().at("qwen2"))
      EXPECT_EQ(tokenizer.encode(item.at("text").get<std::string>()), item.at("ids").get<Ids>())
          << item.at("text");
  }
  void expect_refusal(const std::string& message) const {
    EXPECT_THAT([&] { Qwen2Tokenizer tokenizer(folder_); }, ThrowsMessage<InputError>(HasSubstr(message)));
  }

  std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / ("isoframe-tokenizer-" + std::to_string(::getpid()));
};

TEST_F(TokenizerFolder, AVocabularyAndMergesGiveTheSameIds) {
  const nlohmann::json file = tokenizer_file();
  write_vocabulary(file);
  nlohmann::json decoder;
  for (nlohmann::json token : file.at("added_tokens")) {
    const std::string id = token.at("id").dump();
    token.erase("id");
    decoder[id] = token;
  }
  write("tokenizer_config.json", nlohmann::json{{"added_tokens_decoder", decoder}}.dump());
  expect_references_ids();
}

TEST_F(TokenizerFolder, OlderFilesOfAddedTokensGiveTheSameIds) {
  const nlohmann::json file = tokenizer_file();
  write_vocabulary(file);
  nlohmann::json older, special = nlohmann::json::array();
  for (const nlohmann::json& token : file.at("added_tokens")) {
    older[token.at("content").get<std::string>()] = token.at("id");
    if (token.at("special") == true) special.push_back(token.at("content"));
  }
  write("added_tokens.json", older.dump());
  write("special_tokens_map.json", nlohmann::json{{"additional_special_tokens", special}}.dump());
  const Qwen2Tokenizer tokenizer(folder_), whole(file, "tokenizer.json");
  for (const char* text : {"<|im_start|>user\n1, 2 <|im_end|>", "a<|endoftext|>b", "d'\u00e9t\u00e9"})
    EXPECT_EQ(tokenizer.encode(text), whole.encode(text)) << text;
}

TEST_F(TokenizerFolder, SpecialTokensWithoutAnIdFollowTheVocabulary) {
  const nlohmann::json file = tokenizer_file();
  write_vocabulary(file);
  const auto size = static_cast<std::int64_t>(file.at("model").at("vocab").size());
  write("tokenizer_config.json",
        R"({"eos_token": "<end>", "pad_token": {"content": "<pad>"}, "unk_token": null})");
  const Qwen2Tokenizer tokenizer(folder_);
  EXPECT_EQ(tokenizer.encode("<end>"), (Ids{size}));
  EXPECT_EQ(tokenizer.encode("<pad>"), (Ids{size + 1}));
  write("tokenizer_config.json", R"({"added_tokens_decoder": {"9": {"content": "<end>", "special": true}}})");
  expect_refusal("'<end>' is token 9, but added after the vocabulary it becomes " + std::to_string(size));
}

TEST_F(TokenizerFolder, WhatTheReferenceWouldDoOtherwiseIsRefused) {
  expect_refusal("holds neither tokenizer.json nor vocab.json and merges.txt");
  nlohmann::json file = tokenizer_file();
  file["padding"] = {{"direction", "Left"}};
  write("tokenizer.json", file.dump());
  expect_refusal("tokenizer.json: in 'padding': 'direction' must be \"right\"");
  write("tokenizer_config.json", R"({"padding_side": "right"})");
  expect_references_ids();
  write("tokenizer_config.json", R"({"padding_side": "right", "split_special_tokens": true})");
  expect_refusal("'split_special_tokens' must be false");
  write("tokenizer.json", "version https://git-lfs.github.com/spec/v1\n");
  expect_refusal("tokenizer.json: a Git LFS pointer, not the file itself; run 'git lfs pull'");
}

TEST(Qwen2Tokenizer, NormalizesByTheReferencesUnicodeVersion) {
  EXPECT_EQ(nfc("\u0ec8\u0eba"), "\u0ec8\u0eba");
  EXPECT_EQ(nfc("\u0ec8\u0eb8"), "\u0eb8\u0ec8");
  EXPECT_EQ(nfc("e\u0301\u0ebae\u0301"), "\u00e9\u0eba\u00e9");
}

TEST(Qwen2Tokenizer, RefusesValuesOfAnotherTypeClearly) {
  nlohmann::json file = tokenizer_file();
  file["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = 7;
  EXPECT_THAT(
      [&] { Qwen2Tokenizer(file, "tokenizer.json"); },
      ThrowsMessage<InputError>(HasSubstr("tokenizer.json: not as the `tokenizers` library writes it")));
}

TEST(Qwen2Tokenizer, ReadsMergesAsStringsAndAsPairs) {
  nlohmann::json file = tokenizer_file();
  for (nlohmann::json& merge : file["model"]["merges"]) {
    ASSERT_TRUE(merge.is_array());
    merge = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
  }
  const std::string text = "A cat walks on the grass, realistic";
  EXPECT_EQ(Qwen2Tokenizer(file, "test").encode(text), Qwen2Tokenizer(tokenizer_file(), "test").encode(text));
}

TEST(Qwen2Tokenizer, IgnoresMergesForWholeWordsWhereTheFileSaysSo) {
  nlohmann::json file = tokenizer_file();
  file["model"]["vocab"]["zqzq"] = 1500;
  EXPECT_GT(Qwen2Tokenizer(file, "test").encode("zqzq").size(), 1U);
  file["model"]["ignore_merges"] = true;
  EXPECT_EQ(Qwen2Tokenizer(file, "test").encode("zqzq"), Ids{1500});
}

TEST(Qwen2Tokenizer, RefusesTextThatIsNotUtf8) {
  const Qwen2Tokenizer tokenizer(tokenizer_file(), "test");
  for (const std::string text : {"ab\xff", "\xc3", "\xed\xa0\x80", "\xf5\x80\x80\x80"}) {
    EXPECT_THAT([&] { tokenizer.encode(text); },
                ThrowsMessage<InputError>(HasSubstr("not valid UTF-8 at byte")));
  }
}

TEST(Qwen2Tokenizer, RefusesOtherKindsOfTokenizerNamingTheFile) {
  const auto error = [](const char* pointer, const nlohmann::json& value, const char* message) {
    nlohmann::json file = tokenizer_file();
    file[nlohmann::json::json_pointer(pointer)] = value;
    EXPECT_THAT(
        [&] { Qwen2Tokenizer(file, "a/tokenizer.json"); },
        ThrowsMessage<InputError>(::testing::AllOf(HasSubstr("a/tokenizer.json: "), HasSubstr(message))));
  };
  error("/model/type", "Unigram", "model.type is \"Unigram\"");
  error("/model/vocab", nlohmann::json::array(), "model.vocab");
  error("/model/merges/0", nlohmann::json::array({"zz", "q"}), "is not in model.vocab");
  error("/normalizer", nullptr, "normalizer must be NFC");
  error("/pre_tokenizer/pretokenizers/0/behavior", "Removed", "pre_tokenizer must be");
  error("/pre_tokenizer/pretokenizers/0/pattern/Regex", "(", "regular expression '('");
}

TEST(Byt5Tokenizer, GivesTheReferencesIds) {
  const Byt5Tokenizer tokenizer = default_byt5();
  for (const nlohmann::json& item : expected().at("byt5")) {
    EXPECT_EQ(tokenizer.encode(item.at("text").get<std::string>(), 256), item.at("ids").get<Ids>())
        << item.at("text");
  }
}

TEST(Byt5Tokenizer, TakesAddedTokensFromItsConfig) {
  const nlohmann::json token = {{"content", "<x>"}, {"special", true}};
  const nlohmann::json config = {{"extra_ids", 0}, {"added_tokens_decoder", {{"300", token}}}};
  const Byt5Tokenizer tokenizer(checkpoint::Config(config, "test"));
  EXPECT_EQ(tokenizer.encode("a<x>", 256), (Ids{100, 300, 1}));
  EXPECT_EQ(tokenizer.encode("<extra_id_0>", 256).size(), 13U);
}

TEST(GlyphTexts, AreTheReferences) {
  for (const nlohmann::json& item : expected().at("glyphs")) {
    const std::optional<std::string> texts = glyph_texts(item.at("prompt").get<std::string>());
    if (item.at("texts").is_null()) {
      EXPECT_EQ(texts, std::nullopt) << item.at("prompt");
    } else {
      EXPECT_EQ(texts, item.at("texts").get<std::string>()) << item.at("prompt");
    }
  }
}

TEST(PromptTemplate, IsTheReferencesAndAnEmptyPromptIsOneSpace) {
  EXPECT_EQ(apply_chat_template("{prompt}"), expected().at("template").get<std::string>());
  EXPECT_EQ(apply_chat_template(""), apply_chat_template(" "));
}

}  // namespace
}  // namespace isoframe::model::text
