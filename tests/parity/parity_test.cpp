// isoframe against diffusers on the same checkpoint.
//
// ISOFRAME_PARITY_CHECKPOINT, ISOFRAME_PARITY_CASES and ISOFRAME_PARITY_DATA name the checkpoint, the cases
// and what tests/parity/reference.py recorded of them.  tests/parity/run sets them.
// ISOFRAME_PARITY_DEVICE=cuda computes on a GPU.

#include <map>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/safetensors.h"
#include "model/parallel/mesh.h"
#include "model/pipeline/pipeline.h"
#include "model/text/prompt_encoder.h"
#include "parity_environment.h"

namespace isoframe::model {
namespace {

double relative_l2(const at::Tensor& actual, const at::Tensor& expected) {
  const at::Tensor reference = expected.to(at::kDouble);
  return ((actual.cpu().to(at::kDouble) - reference).norm() / reference.norm().clamp_min(1e-30))
      .item<double>();
}

/// Keeps the block outputs of the first step and the image's tensors, under the recorder's names.
class FirstStep : public Probe {
 public:
  void begin(ProbePoint point) override {
    if (point.name == "denoise.step") step_ = point.index;
  }
  void tensor(ProbePoint point, const at::Tensor& value) override {
    for (const std::string_view name : {"image", "image_embeds", "image_latents"})
      if (point.name == name) of_image[std::string(name)] = value;
    if (step_ != 0) return;
    const char* prefix = point.name == "transformer_blocks"           ? "block"
                         : point.name == "transformer_blocks.context" ? "context"
                                                                      : nullptr;
    if (prefix == nullptr) return;
    const std::string key = std::string(prefix) + std::to_string(point.index);
    const std::int64_t call = calls_[key]++;
    kept[fmt::format("{}.{}.{}", prefix, call, point.index)] = value.squeeze(0).clone();
  }
  std::map<std::string, at::Tensor> kept;
  std::map<std::string, at::Tensor> of_image;

 private:
  std::int64_t step_ = -1;
  std::map<std::string, std::int64_t> calls_;
};

class Parity : public testing::TestWithParam<nlohmann::json> {
 protected:
  static void SetUpTestSuite() {
    checkpoint_ = std::make_unique<checkpoint::Checkpoint>(parity::variable("ISOFRAME_PARITY_CHECKPOINT"));
    prompt_encoder_ = std::make_unique<text::PromptEncoder>(*checkpoint_, parity::options_of());
  }
  static void TearDownTestSuite() {
    prompt_encoder_.reset();
    checkpoint_.reset();
  }
  void SetUp() override {
    recorded_ = checkpoint::read_safetensors(parity::variable("ISOFRAME_PARITY_DATA") + "/" +
                                             GetParam().at("name").get<std::string>() + ".safetensors");
  }
  void expect_close(const std::string& name, const at::Tensor& actual, double bound) {
    const at::Tensor& expected = recorded_.at(name);
    ASSERT_EQ(actual.sizes(), expected.sizes()) << name;
    EXPECT_LE(relative_l2(actual, expected), bound) << name;
  }

  static inline std::unique_ptr<checkpoint::Checkpoint> checkpoint_;
  static inline std::unique_ptr<text::PromptEncoder> prompt_encoder_;
  std::map<std::string, at::Tensor> recorded_;
  c10::InferenceMode inference_;
};

std::vector<std::int64_t> ids(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  return {flat.data_ptr<std::int64_t>(), flat.data_ptr<std::int64_t>() + flat.numel()};
}

TEST_P(Parity, TokenIdsAreEqual) {
  const std::string prompt = GetParam().at("prompt");
  EXPECT_EQ(prompt_encoder_->token_ids(prompt), ids(recorded_.at("token_ids")));
  EXPECT_EQ(prompt_encoder_->glyph_token_ids(prompt), ids(recorded_.at("glyph_token_ids")));
}

TEST_P(Parity, TextStatesAreWithin1e5) {
  const text::PromptEmbeds embeds = prompt_encoder_->encode(GetParam().at("prompt"), no_probe());
  expect_close("text", embeds.text.squeeze(0), 1e-5);
  expect_close("byt5", embeds.byt5.squeeze(0), 1e-5);
}

/// Expects pixels within one 8-bit step everywhere, and 99 % of them equal.
void expect_same_pixels(const at::Tensor& actual, const at::Tensor& expected) {
  ASSERT_EQ(actual.sizes(), expected.sizes());
  const at::Tensor distance = (actual.cpu().to(at::kInt) - expected.to(at::kInt)).abs();
  EXPECT_LE(distance.max().item<int>(), 1);
  EXPECT_LE(distance.ne(0).to(at::kDouble).mean().item<double>(), 0.01);
}

TEST_P(Parity, StatesBlocksStepsAndFramesAreTheReferences) {
  const nlohmann::json& c = GetParam();
  const pipeline::Limits limits = pipeline::read_limits(*checkpoint_);
  const pipeline::Request request = parity::request_of(c, limits);
  pipeline::check_request(request, limits);
  const auto model = pipeline::load_pipeline(*checkpoint_, parallel::single_mesh(),
                                             parity::guidance_scale_of(c), parity::options_of());
  FirstStep probe;
  const pipeline::Video video = model->generate(request, probe);

  ASSERT_EQ(probe.of_image.empty(), request.image.empty());
  if (!request.image.empty()) {
    expect_same_pixels(probe.of_image.at("image"), recorded_.at("image"));
    expect_close("image_embeds", probe.of_image.at("image_embeds"), 1e-5);
    expect_close("image_latents", probe.of_image.at("image_latents"), 1e-5);
  }
  std::size_t blocks = 0;
  for (const auto& [name, expected] : recorded_) {
    if (!name.starts_with("block.") && !name.starts_with("context.")) continue;
    ++blocks;
    ASSERT_TRUE(probe.kept.contains(name)) << name;
    expect_close(name, probe.kept.at(name), 1e-5);
  }
  EXPECT_EQ(blocks, probe.kept.size());
  ASSERT_GT(blocks, 0u);
  ASSERT_EQ(video.step_latents.size(), static_cast<std::size_t>(request.steps));
  for (std::int64_t k = 0; k < request.steps; ++k) {
    expect_close(fmt::format("step_{}", k), video.step_latents[k], 1e-5);
  }
  const at::Tensor& expected = recorded_.at("frames");
  ASSERT_EQ(video.frames.sizes(), expected.sizes());
  EXPECT_LE((video.frames - expected).abs().max().item<double>(), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Reference, Parity, testing::ValuesIn(parity::cases()),
                         [](const testing::TestParamInfo<nlohmann::json>& info) {
                           std::string name = info.param.at("name");
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace isoframe::model
