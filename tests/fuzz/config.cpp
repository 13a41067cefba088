// Any JSON object as any part's config: refused with a clear error, or sizes that fit together.

#include "model/checkpoint/config.h"

#include <nlohmann/json.hpp>

#include "model/sampling/flow_match_euler.h"
#include "model/sampling/guidance.h"
#include "model/text/qwen2_5_vl.h"
#include "model/text/t5_encoder.h"
#include "model/transformer/transformer.h"
#include "model/vae/config.h"
#include "tests/fuzz/fuzz.h"

using namespace isoframe::model;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const nlohmann::json values = nlohmann::json::parse(data, data + size, nullptr, /*allow_exceptions=*/false);
  if (!values.is_object()) return 0;
  const checkpoint::Config config(values, "fuzz");
  using isoframe::fuzz::expect_clear_error;
  expect_clear_error([&] { transformer::TransformerConfig::from(config); });
  expect_clear_error([&] { vae::VaeConfig::from(config); });
  expect_clear_error([&] { text::Qwen2_5_VLTextConfig::from(config); });
  expect_clear_error([&] { text::T5EncoderConfig::from(config); });
  expect_clear_error([&] { sampling::SchedulerConfig::from(config); });
  expect_clear_error([&] { sampling::GuiderConfig::from(config); });
  return 0;
}
