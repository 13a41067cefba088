#include "model/vision/siglip.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/error.h"
#include "tests/unit/model/vision/reference_data.h"

namespace isoframe::model::vision {
namespace {

SiglipVisionConfig config() {
  SiglipVisionConfig config;
  config.hidden_size = 36;
  config.intermediate_size = 50;
  config.num_hidden_layers = 3;
  config.num_attention_heads = 3;
  config.image_size = 53;
  config.patch_size = 10;
  config.layer_norm_eps = 1e-5;
  return config;
}

class Layers : public Probe {
 public:
  void tensor(ProbePoint point, const at::Tensor&) override {
    seen.push_back(std::string(point.name) + " " + std::to_string(point.index));
  }
  std::vector<std::string> seen;
};

TEST(SiglipVisionModel, GivesTheReferencesLastHiddenState) {
  ReferenceWeights weights;
  const SiglipVisionModel model(config(), checkpoint::Parameters(weights));
  Layers probe;
  const at::Tensor states = model.forward(weight("pixel_values", {1, 3, 53, 53}), probe);
  const at::Tensor& expected = recorded().at("siglip");
  ASSERT_EQ(states.sizes(), expected.sizes());
  EXPECT_LE(((states - expected).norm() / expected.norm()).item<double>(), 1e-6);
  EXPECT_THAT(probe.seen, testing::ElementsAre("image_encoder.layer 0", "image_encoder.layer 1",
                                               "image_encoder.layer 2"));
}

TEST(SiglipVisionModel, RefusesPixelsOfAnotherSize) {
  ReferenceWeights weights;
  const SiglipVisionModel model(config(), checkpoint::Parameters(weights));
  EXPECT_THROW(model.forward(at::zeros({1, 3, 50, 53}), no_probe()), InputError);
}

SiglipVisionConfig read(const char* json) {
  return SiglipVisionConfig::from(checkpoint::Config(nlohmann::json::parse(json), "here"));
}

TEST(SiglipVisionConfig, HasTheReferencesDefaultsAndLimits) {
  EXPECT_EQ(read("{}").tokens(), 196);
  EXPECT_EQ(read(R"({"image_size": 384, "patch_size": 14})").tokens(), 729);
  EXPECT_THROW(read(R"({"hidden_size": 100, "num_attention_heads": 3})"), InputError);
  EXPECT_THROW(read(R"({"hidden_act": "relu"})"), InputError);
  EXPECT_THROW(read(R"({"image_size": 10, "patch_size": 14})"), InputError);
}

}  // namespace
}  // namespace isoframe::model::vision
