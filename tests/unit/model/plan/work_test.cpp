// Checks that the walks count what LibTorch is asked for: an observer hears of every matrix product,
// convolution and attention, and adds up their FLOPs.

#include <map>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "model/kernels/linear.h"
#include "model/parallel/sequence_parallel.h"
#include "model/parallel/usp.h"
#include "model/plan/image_walk.h"
#include "model/plan/plan.h"
#include "model/plan/text_walk.h"
#include "model/plan/transformer_walk.h"
#include "model/plan/vae_walk.h"
#include "model/vae/vae.h"

namespace isoframe::model::plan {
namespace {

thread_local double flops_heard = 0.0;

/// kernels::linear pads a single vector; every other matrix of these tests has more rows than that.
double rows_of(const at::Tensor& matrix) {
  return matrix.size(0) == kernels::kFewestRows ? 1.0 : static_cast<double>(matrix.size(0));
}

std::unique_ptr<at::ObserverContext> hear(const at::RecordFunction& function) {
  const std::string name = function.name();
  const auto inputs = function.inputs();
  const auto product = [&](std::size_t first, std::size_t second) {
    const at::Tensor a = inputs[first].toTensor(), b = inputs[second].toTensor();
    flops_heard += 2.0 * rows_of(a) * static_cast<double>(a.size(1) * b.size(1));
  };
  if (name == "aten::addmm" || name == "aten::addmm_") product(1, 2);
  if (name == "aten::mm") product(0, 1);
  if (name == "aten::_scaled_dot_product_flash_attention_for_cpu") {
    const at::Tensor query = inputs[0].toTensor(), key = inputs[1].toTensor();
    const double causal = inputs[4].toBool() ? 0.5 : 1.0;
    flops_heard += 4.0 * causal * static_cast<double>(query.numel() * key.size(2));
  }
  const bool is_added = name == "mkldnn::_convolution_pointwise_";
  if (name == "mkldnn::_convolution_pointwise" || is_added) {
    const at::Tensor input = inputs[is_added ? 1 : 0].toTensor(), bias = inputs[is_added ? 3 : 2].toTensor();
    flops_heard += 2.0 * 27.0 *
                   static_cast<double>(input.size(1) * bias.size(0) * (input.size(2) - 2) *
                                       (input.size(3) - 2) * (input.size(4) - 2));
  }
  return nullptr;
}

/// Elements of each function's first call in this process, by its name.
std::map<std::string, std::int64_t>& first_calls() {
  static std::map<std::string, std::int64_t> calls;
  return calls;
}

std::unique_ptr<at::ObserverContext> hear_first(const at::RecordFunction& function) {
  const auto inputs = function.inputs();
  if (!inputs.empty() && inputs[0].isTensor() && inputs[0].toTensor().defined())
    first_calls().try_emplace(function.name(), inputs[0].toTensor().numel());
  return nullptr;
}

/// Listens on every thread from before the first test on.
const at::CallbackHandle hears_first =
    at::addGlobalCallback(at::RecordFunctionCallback(hear_first).needsInputs(true));

/// Returns the FLOPs of everything that `run` asks LibTorch for.
template <typename Run>
double heard_of(const Run& run) {
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  flops_heard = 0.0;
  const at::CallbackHandle handle =
      at::addThreadLocalCallback(at::RecordFunctionCallback(hear).needsInputs(true));
  run();
  at::removeCallback(handle);
  return flops_heard;
}

/// Constant parameters of any shape.
class Ones : public checkpoint::ParameterSource {
 public:
  using ParameterSource::parameter;
  at::Tensor parameter(const std::string&, const checkpoint::Shape& shape) override {
    return at::full(shape, 0.01F);
  }
};

/// Widths are multiples of 16, to which kernels::linear pads columns.  2 x 12 x 17 latents, in tiles of 6 x 6
/// and 6 x 5; 23 text, 19 glyph and 25 image tokens.
ModelConfig small_model() {
  ModelConfig model;
  model.transformer.num_attention_heads = 2;
  model.transformer.attention_head_dim = 8;
  model.transformer.rope_axes_dim = {4, 2, 2};
  model.transformer.num_layers = 2;
  model.transformer.in_channels = 33;
  model.transformer.out_channels = 16;
  model.transformer.text_embed_dim = 12;
  model.transformer.text_embed_2_dim = 10;
  model.transformer.image_embed_dim = 16;
  model.vae.latent_channels = 4;
  model.vae.layers_per_block = 2;
  model.vae.spatial_compression_ratio = 4;
  model.vae.block_out_channels = {8, 16, 16};
  model.text_encoder = {.vocab_size = 20,
                        .hidden_size = 32,
                        .intermediate_size = 48,
                        .num_hidden_layers = 5,
                        .num_attention_heads = 2,
                        .num_key_value_heads = 1,
                        .head_dim = 16,
                        .rms_norm_eps = 1e-6,
                        .rope_theta = 1e6};
  model.text_encoder_2 = {.vocab_size = 20,
                          .d_model = 48,
                          .d_kv = 16,
                          .d_ff = 64,
                          .num_layers = 3,
                          .num_heads = 2,
                          .relative_attention_num_buckets = 8,
                          .relative_attention_max_distance = 16,
                          .layer_norm_epsilon = 1e-6,
                          .feed_forward_proj = text::T5FeedForward::kGatedGelu};
  vision::SiglipVisionConfig image;
  image.hidden_size = 16;
  image.intermediate_size = 48;
  image.num_hidden_layers = 3;
  image.num_attention_heads = 2;
  image.image_size = 51;
  image.patch_size = 10;
  model.image_encoder = image;
  return model;
}

Generation small_generation() {
  Generation generation;
  generation.height = 48;
  generation.width = 68;
  generation.frames = 5;
  generation.steps = 3;
  generation.tiling = {.enabled = true, .tile_size = 24, .overlap = 0.0};
  generation.prompt = {.text = 131, .glyphs = 19};
  generation.negative_prompt = {.text = 131, .glyphs = 19};
  generation.guidance_scale = 6.0;
  generation.image_height = 30;
  generation.image_width = 50;
  return generation;
}

class Walks : public ::testing::Test {
 protected:
  ModelConfig model = small_model();
  Generation generation = small_generation();
  Account account{Machine{}};
  Ones ones;
  checkpoint::Parameters parameters{ones};
};

TEST_F(Walks, CountTheTransformersWork) {
  const auto sequence = parallel::make_ulysses(parallel::self_group("ulysses"));
  const transformer::Transformer transformer(model.transformer, parameters, *sequence);
  const transformer::Condition condition = {at::rand({1, 23, 12}), at::rand({1, 19, 10}),
                                            at::rand({1, 25, 16})};
  const double heard = heard_of([&] {
    transformer.forward(at::rand({1, 33, 2, 12, 17}), {500.0}, condition, no_probe());
  });
  walk_transformer(account, model, generation, 0, generation.prompt);
  EXPECT_EQ(account.work().flops, heard);
}

TEST_F(Walks, CountTheEmbeddingOfAStepsEnd) {
  model.transformer.use_meanflow = true;
  const auto sequence = parallel::make_ulysses(parallel::self_group("ulysses"));
  const transformer::Transformer transformer(model.transformer, parameters, *sequence);
  const transformer::Condition condition = {at::rand({1, 23, 12}), at::rand({1, 19, 10}),
                                            at::rand({1, 25, 16})};
  const auto heard = [&](const transformer::StepTimes& times) {
    return heard_of([&] { transformer.forward(at::rand({1, 33, 2, 12, 17}), times, condition, no_probe()); });
  };
  walk_transformer(account, model, generation, 0, generation.prompt);
  EXPECT_EQ(account.work().flops, heard({500.0, 250.0}));
  EXPECT_GT(account.work().flops, heard({500.0}));
}

TEST_F(Walks, CountTheTextEncodersWork) {
  const text::Qwen2_5_VLTextModel encoder(model.text_encoder, parameters);
  const double heard = heard_of([&] { encoder.forward(std::vector<std::int64_t>(23, 1), no_probe()); });
  walk_text_encoder(account, model, generation, 23);
  EXPECT_EQ(account.work().flops, heard);
}

TEST_F(Walks, CountTheGlyphEncodersWork) {
  const text::T5Encoder encoder(model.text_encoder_2, parameters);
  const double heard = heard_of([&] { encoder.forward(std::vector<std::int64_t>(17, 1), no_probe()); });
  walk_text_encoder_2(account, model, generation, 17);
  EXPECT_EQ(account.work().flops, heard);
}

TEST_F(Walks, CountTheImageEncodersWork) {
  const vision::SiglipVisionModel encoder(*model.image_encoder, parameters);
  const double heard = heard_of([&] { encoder.forward(at::rand({1, 3, 51, 51}), no_probe()); });
  walk_image(account, model, generation);
  EXPECT_EQ(account.work().flops, heard);
}

TEST_F(Walks, CountTheTiledDecodersAndEncodersWork) {
  const vae::Vae vae(model.vae, parameters, parallel::self_group("vae_patch"));
  const double decoded = heard_of([&] {
    vae.decode(at::rand({1, 4, 2, 12, 17}), generation.tiling, no_probe());
  });
  walk_decode(account, model, generation, 0);
  EXPECT_EQ(account.work().flops, decoded);
  account.begin();
  const double encoded = heard_of([&] {
    vae.encode(at::rand({1, 3, 1, 48, 68}), generation.tiling, no_probe());
  });
  walk_encode(account, model, generation, 0);
  EXPECT_EQ(account.work().flops, encoded);
}

/// Guards against the fault that model/kernels/elementary.h describes: if several threads make the first call
/// together, one may get half the digits.
TEST_F(Walks, AskMklsVectorMathForOneElementFirst) {
  const c10::InferenceMode inference;
  // The parts run in the order of a generation, because a function's first call decides.
  vision::SiglipVisionModel(*model.image_encoder, parameters).forward(at::rand({1, 3, 51, 51}), no_probe());
  text::Qwen2_5_VLTextModel(model.text_encoder, parameters)
      .forward(std::vector<std::int64_t>(23, 1), no_probe());
  text::T5Encoder(model.text_encoder_2, parameters).forward(std::vector<std::int64_t>(17, 1), no_probe());
  const vae::Vae vae(model.vae, parameters, parallel::self_group("vae_patch"));
  vae.encode(at::rand({1, 3, 1, 48, 68}), generation.tiling, no_probe());
  const auto sequence = parallel::make_ulysses(parallel::self_group("ulysses"));
  transformer::Transformer(model.transformer, parameters, *sequence)
      .forward(at::rand({1, 33, 2, 12, 17}), {500.0},
               {at::rand({1, 23, 12}), at::rand({1, 19, 10}), at::rand({1, 25, 16})}, no_probe());
  vae.decode(at::rand({1, 4, 2, 12, 17}), generation.tiling, no_probe());

  for (const char* used : {"aten::exp", "aten::log", "aten::sin", "aten::cos"})
    EXPECT_TRUE(first_calls().contains(used)) << used;
  // ATen leaves these to MKL (ATen/cpu/vml.h).
  for (const char* name : {"acos", "asin", "atan", "cos", "erf", "erfc", "erfinv", "exp", "log", "log10",
                           "log2", "sin", "sqrt", "tan", "tanh", "trunc"}) {
    const auto call = first_calls().find(std::string("aten::") + name);
    EXPECT_TRUE(call == first_calls().end() || call->second == 1) << name;
  }
}

TEST_F(Walks, LetGoOfAllThatTheyHeld) {
  for (const parallel::Layout& layout : {parallel::Layout{}, parallel::Layout{.ulysses = 2},
                                         parallel::Layout{.ring = 2}, parallel::Layout{.tensor = 2}}) {
    generation.layout = layout;
    walk_transformer(account, model, generation, 0, generation.prompt);
    walk_decode(account, model, generation, 0);
    account.begin();
    EXPECT_EQ(account.peak(), 0) << parallel::to_string(layout);
  }
}

TEST(Plan, RanksShareTheWorkAndTheWeightsOfOne) {
  const ModelConfig model = small_model();
  Generation generation = small_generation();
  const auto flops = [&](const parallel::Layout& layout, const char* stage) {
    generation.layout = layout;
    double sum = 0.0;
    for (const RankPlan& rank : plan_generation(model, generation, {}))
      for (const StagePlan& planned : rank.stages)
        if (planned.name == stage) sum += planned.work.flops;
    return sum;
  };
  const parallel::Layout single, spread = {.cfg = 2, .vae_patch = 2};
  EXPECT_EQ(flops(single, "denoise"), flops(spread, "denoise"));
  EXPECT_EQ(flops(single, "decode"), flops(spread, "decode"));

  generation.layout = single;
  const RankPlan whole = plan_generation(model, generation, {}).front();
  generation.layout = {.tensor = 2};
  const RankPlan half = plan_generation(model, generation, {}).front();
  EXPECT_LT(half.weight_numbers.at("transformer"), whole.weight_numbers.at("transformer"));
  EXPECT_GT(2 * half.weight_numbers.at("transformer"), whole.weight_numbers.at("transformer"))
      << "embeddings are on every rank";
  EXPECT_EQ(half.weight_numbers.at("vae"), whole.weight_numbers.at("vae"));
  EXPECT_EQ(half.weight_numbers.at("text_encoder"), whole.weight_numbers.at("text_encoder"))
      << "one key head is not divided by two";
  EXPECT_EQ(half.heads.length, 1);
}

TEST(Plan, WeightsOfAnotherTypeTakeTensorMemory) {
  const ModelConfig model = small_model();
  const Generation generation = small_generation();
  const RankPlan in_place = plan_generation(model, generation, {}).front();
  const RankPlan converted = plan_generation(model, generation, {}, {{"vae", at::kBFloat16}}).front();
  EXPECT_EQ(converted.resident_bytes - in_place.resident_bytes, 4 * in_place.weight_numbers.at("vae"));
}

}  // namespace
}  // namespace isoframe::model::plan
