// Qwen2's whole vocabulary against the reference's fast tokenizer.
//
// ISOFRAME_TOKENIZER names the folder that tests/tokenizer/record.py wrote; tests/tokenizer/run sets it.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/text/qwen2_tokenizer.h"

namespace isoframe::model::text {
namespace {

std::filesystem::path folder() {
  const char* value = std::getenv("ISOFRAME_TOKENIZER");
  if (value == nullptr) throw std::runtime_error("ISOFRAME_TOKENIZER is not set; run tests/tokenizer/run");
  return value;
}

TEST(FullVocabulary, GivesTheReferencesIds) {
  const Qwen2Tokenizer tokenizer(folder());
  std::ifstream file(folder() / "texts.json");
  const nlohmann::json recorded = nlohmann::json::parse(file);
  const auto texts = recorded.at("texts").get<std::vector<std::string>>();
  const auto ids = recorded.at("ids").get<std::vector<std::vector<std::int64_t>>>();
  ASSERT_EQ(texts.size(), ids.size());
  ASSERT_GE(texts.size(), 10000u);
  std::size_t differing = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::vector<std::int64_t> actual = tokenizer.encode(texts[i]);
    if (actual == ids[i]) continue;
    if (++differing <= 5) {
      EXPECT_EQ(actual, ids[i]) << nlohmann::json(texts[i]).dump();
    }
  }
  EXPECT_EQ(differing, 0u) << "of " << texts.size();
}

}  // namespace
}  // namespace isoframe::model::text
