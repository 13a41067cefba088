// Any bytes as a prompt: refused as invalid UTF-8, or encoded by both tokenizers.

#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include "base/json_file.h"
#include "model/checkpoint/config.h"
#include "model/text/byt5_tokenizer.h"
#include "model/text/glyph_texts.h"
#include "model/text/prompt_template.h"
#include "model/text/qwen2_tokenizer.h"
#include "tests/fuzz/fuzz.h"

using namespace isoframe::model;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const text::Qwen2Tokenizer tokenizer(isoframe::base::read_json(ISOFRAME_FUZZ_TOKENIZER),
                                              "tokenizer.json");
  static const text::Byt5Tokenizer glyphs(checkpoint::Config(nlohmann::json::object(), "tokenizer_2"));
  const std::string prompt(reinterpret_cast<const char*>(data), size);
  isoframe::fuzz::expect_clear_error([&] {
    tokenizer.encode(text::apply_chat_template(prompt));
    if (const auto texts = text::glyph_texts(prompt)) glyphs.encode(*texts, 256);
  });
  return 0;
}
