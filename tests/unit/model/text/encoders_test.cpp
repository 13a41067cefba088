#include <map>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/checkpoint/checkpoint.h"
#include "model/parallel/in_process.h"
#include "model/text/qwen2_5_vl.h"
#include "model/text/t5_encoder.h"
#include "reference_data.h"

namespace isoframe::model::text {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

constexpr double kTolerance = 1e-5;

checkpoint::Config config_of(const char* model) {
  return checkpoint::Config(expected().at(model).at("config"), "config.json");
}

template <typename Model>
void expect_reference_states(const Model& model, const char* name) {
  const c10::InferenceMode guard;
  for (const nlohmann::json& item : expected().at(name).at("cases")) {
    const at::Tensor states = model.forward(item.at("ids").get<std::vector<std::int64_t>>(), no_probe());
    EXPECT_LE(relative_l2(states, item.at("states")), kTolerance) << name << " " << item.at("ids");
  }
}

/// Records every tensor point.
class Points : public Probe {
 public:
  void tensor(ProbePoint point, const at::Tensor&) override {
    seen.push_back(fmt::format("{} {}", point.name, point.index));
  }
  std::vector<std::string> seen;
};

std::vector<std::string> names(const checkpoint::Declaration& declaration) {
  std::vector<std::string> result;
  for (const auto& item : declaration.items()) result.push_back(item.name);
  return result;
}

TEST(Qwen2_5_VLTextModel, GivesTheReferencesThirdLastHiddenState) {
  ReferenceWeights weights;
  const Qwen2_5_VLTextModel model(Qwen2_5_VLTextConfig::from(config_of("qwen_model")),
                                  checkpoint::Parameters(weights));
  expect_reference_states(model, "qwen_model");
}

/// The slices that one rank of two asks for.
class SlicedWeights : public ReferenceWeights {
 public:
  using ReferenceWeights::parameter;
  at::Tensor parameter(const std::string& name, const checkpoint::Shape& shape,
                       const checkpoint::Slice& slice) override {
    slices[name] = fmt::format("{} of {}", slice.length, shape.at(static_cast<std::size_t>(slice.dim)));
    return ReferenceWeights::parameter(name, shape, slice);
  }
  std::map<std::string, std::string> slices;
};

/// Ranks that divide the heads and ranks that do not.
template <typename Model, typename ModelConfig>
void expect_reference_states_of_tensor_parallel_ranks(const ModelConfig& config, const char* name) {
  for (const int ranks : {2, 3, 4}) {
    SCOPED_TRACE(ranks);
    parallel::run_in_threads(ranks, [&](parallel::Rendezvous& rendezvous) {
      const parallel::Mesh mesh = parallel::make_mesh({.tensor = ranks}, rendezvous);
      SlicedWeights weights;
      expect_reference_states(Model(config, checkpoint::Parameters(weights), mesh.tensor_parallel()), name);
      mesh.world->barrier();
    });
  }
}

TEST(Qwen2_5_VLTextModel, TensorParallelRanksShareOutHeadsAndKeyValueHeads) {
  Qwen2_5_VLTextConfig config = Qwen2_5_VLTextConfig::from(config_of("qwen_model"));
  config.num_attention_heads = 4;
  config.num_key_value_heads = 2;
  config.head_dim = 8;
  config.hidden_size = 32;
  config.intermediate_size = 50;
  const std::vector<std::int64_t> ids = {5, 900, 17, 3, 1599};
  ReferenceWeights whole;
  const at::Tensor alone = [&] {
    const c10::InferenceMode guard;
    return Qwen2_5_VLTextModel(config, checkpoint::Parameters(whole)).forward(ids, no_probe());
  }();
  parallel::run_in_threads(2, [&](parallel::Rendezvous& rendezvous) {
    const parallel::Mesh mesh = parallel::make_mesh({.tensor = 2}, rendezvous);
    SlicedWeights weights;
    const Qwen2_5_VLTextModel model(config, checkpoint::Parameters(weights), mesh.tensor_parallel());
    EXPECT_EQ(weights.slices.at("layers.0.self_attn.q_proj.weight"), "16 of 32");
    EXPECT_EQ(weights.slices.at("layers.0.self_attn.k_proj.bias"), "8 of 16");
    EXPECT_EQ(weights.slices.at("layers.0.self_attn.o_proj.weight"), "16 of 32");
    EXPECT_EQ(weights.slices.at("layers.0.mlp.down_proj.weight"), "25 of 50");
    EXPECT_TRUE(at::allclose(model.forward(ids, no_probe()), alone, kTolerance, kTolerance));
    EXPECT_EQ(mesh.tensor->traffic().at("all_reduce").calls, 2U * 2);
    mesh.world->barrier();
  });
}

TEST(Qwen2_5_VLTextModel, DeclaresAllLayersAndRunsAllButTwo) {
  const Qwen2_5_VLTextConfig config = Qwen2_5_VLTextConfig::from(config_of("qwen_model"));
  checkpoint::Declaration declaration;
  const Qwen2_5_VLTextModel declared(config, checkpoint::Parameters(declaration, "model"));
  EXPECT_EQ(declaration.items().size(), 2 + 12 * 4U);
  EXPECT_THAT(names(declaration), Contains("model.layers.3.self_attn.k_proj.bias"));
  EXPECT_THAT(names(declaration), Contains("model.norm.weight"));

  const c10::InferenceMode guard;
  ReferenceWeights weights;
  Points points;
  Qwen2_5_VLTextModel(config, checkpoint::Parameters(weights)).forward({1, 2}, points);
  EXPECT_THAT(points.seen, ElementsAre("text_encoder.layers 0", "text_encoder.layers 1"));
}

TEST(Qwen2_5_VLTextModel, ReadsNestedAndOlderConfigs) {
  nlohmann::json older = expected().at("qwen_model").at("config");
  older.erase("rope_parameters");
  older["rope_theta"] = 500.0;
  older["rope_scaling"] = {{"type", "mrope"}, {"mrope_section", {2, 4, 4}}};
  const nlohmann::json nested = {{"text_config", older}, {"hidden_size", 1}};
  const Qwen2_5_VLTextConfig config = Qwen2_5_VLTextConfig::from(checkpoint::Config(nested, "config.json"));
  EXPECT_EQ(config.rope_theta, 500.0);
  EXPECT_EQ(config.hidden_size, 60);
}

TEST(Qwen2_5_VLTextModel, RefusesConfigsThatItCannotFollow) {
  const auto refuses = [](const char* key, const nlohmann::json& value, const char* message) {
    nlohmann::json values = expected().at("qwen_model").at("config");
    values[nlohmann::json::json_pointer(key)] = value;
    EXPECT_THAT([&] { Qwen2_5_VLTextConfig::from(checkpoint::Config(values, "config.json")); },
                ThrowsMessage<InputError>(HasSubstr(message)));
  };
  refuses("/num_hidden_layers", 1, "at least 2 are needed");
  refuses("/num_attention_heads", 7, "7 attention heads do not divide");
  refuses("/num_key_value_heads", 2, "does not divide 3 attention heads");
  refuses("/rope_parameters/mrope_section", {2, 4, 5}, "half the head dimension 20");
  refuses("/rope_parameters/rope_type", "yarn", "only 'default'");
  refuses("/hidden_act", "gelu", "hidden_act");
  refuses("/layer_types", {"sliding_attention"}, "full_attention");
}

TEST(T5Encoder, TensorParallelRanksGiveTheReferencesStates) {
  for (const char* name : {"t5_relu", "t5_gated"}) {
    expect_reference_states_of_tensor_parallel_ranks<T5Encoder>(T5EncoderConfig::from(config_of(name)), name);
  }
}

TEST(T5Encoder, GivesTheReferencesStatesOfValidTokens) {
  for (const char* name : {"t5_relu", "t5_gated"}) {
    ReferenceWeights weights;
    const T5Encoder model(T5EncoderConfig::from(config_of(name)), checkpoint::Parameters(weights));
    expect_reference_states(model, name);
  }
}

TEST(T5Encoder, DeclaresTheReferencesNamesAndProbesEveryBlock) {
  const T5EncoderConfig config = T5EncoderConfig::from(config_of("t5_gated"));
  checkpoint::Declaration declaration;
  const T5Encoder declared(config, checkpoint::Parameters(declaration));
  EXPECT_EQ(declaration.items().size(), 3 + 9 * 3U);
  EXPECT_THAT(names(declaration), Contains("encoder.block.2.layer.1.DenseReluDense.wi_1.weight"));
  EXPECT_THAT(names(declaration), Not(Contains(HasSubstr("block.1.layer.0.SelfAttention.relative"))));

  const c10::InferenceMode guard;
  ReferenceWeights weights;
  Points points;
  T5Encoder(config, checkpoint::Parameters(weights)).forward({1}, points);
  EXPECT_THAT(points.seen,
              ElementsAre("text_encoder_2.block 0", "text_encoder_2.block 1", "text_encoder_2.block 2"));
}

TEST(T5Encoder, RefusesOtherFeedForwards) {
  nlohmann::json values = expected().at("t5_relu").at("config");
  values["feed_forward_proj"] = "gated-silu";
  EXPECT_THAT([&] { T5EncoderConfig::from(checkpoint::Config(values, "config.json")); },
              ThrowsMessage<InputError>(HasSubstr("gated-silu")));
  values["feed_forward_proj"] = "relu";
  values["dense_act_fn"] = "silu";
  EXPECT_THAT(
      [&] { T5EncoderConfig::from(checkpoint::Config(values, "config.json")); },
      ThrowsMessage<InputError>(HasSubstr("'dense_act_fn' is 'silu', but feed_forward_proj means 'relu'")));
  values["dense_act_fn"] = "relu";
  values["is_gated_act"] = true;
  EXPECT_THAT([&] { T5EncoderConfig::from(checkpoint::Config(values, "config.json")); },
              ThrowsMessage<InputError>(HasSubstr("'is_gated_act' is true")));
}

TEST(TextEncoders, RefuseIdsOutsideTheVocabulary) {
  const c10::InferenceMode guard;
  ReferenceWeights weights;
  const T5Encoder model(T5EncoderConfig::from(config_of("t5_relu")), checkpoint::Parameters(weights));
  EXPECT_THAT([&] { model.forward({384}, no_probe()); },
              ThrowsMessage<InputError>(HasSubstr("token id 384 is outside the vocabulary of 384")));
}

}  // namespace
}  // namespace isoframe::model::text
