// Any bytes as a tokenizer.json: refused with a clear error, or a text can be encoded.

#include <string>

#include <nlohmann/json.hpp>

#include "model/text/qwen2_tokenizer.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const nlohmann::json file = nlohmann::json::parse(data, data + size, nullptr, /*allow_exceptions=*/false);
  if (file.is_discarded()) return 0;
  isoframe::fuzz::expect_clear_error([&] {
    const isoframe::model::text::Qwen2Tokenizer tokenizer(file, "fuzz");
    tokenizer.encode("A cat's 12 <|im_start|>caf\u00e9\n\n  \u4e00 e\u0301");
  });
  return 0;
}
