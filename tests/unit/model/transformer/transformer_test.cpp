#include "model/transformer/transformer.h"

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "recorded_case.h"

namespace isoframe::model::transformer {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  return at::scaled_dot_product_attention(query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2))
      .transpose(1, 2);
}

/// Sequence parallelism of a single rank, which holds everything.
class Local : public parallel::SequenceParallel {
 public:
  parallel::Range rows(std::int64_t length) const override { return {0, length}; }
  at::Tensor shard(const at::Tensor& tokens, std::int64_t) const override { return tokens; }
  at::Tensor gather(const at::Tensor& local, std::int64_t, std::int64_t) const override { return local; }
  std::pair<at::Tensor, at::Tensor> attend(const parallel::Qkv& video, const parallel::Qkv& condition,
                                           std::int64_t video_length,
                                           const parallel::AttentionSite&) const override {
    const at::Tensor out =
        attention(at::cat({video.query, condition.query}, 1), at::cat({video.key, condition.key}, 1),
                  at::cat({video.value, condition.value}, 1));
    return {out.narrow(1, 0, video_length), out.narrow(1, video_length, condition.query.size(1))};
  }
};

/// Holds rows [begin, begin + count) on this "rank"; attention reads what a whole run recorded, in place of
/// an exchange.
class Slice : public Local {
 public:
  Slice(std::int64_t begin, std::int64_t count) : begin_(begin), count_(count) {}
  parallel::Range rows(std::int64_t) const override { return {begin_, count_}; }
  at::Tensor shard(const at::Tensor& tokens, std::int64_t dim) const override {
    return tokens.narrow(dim, begin_, count_);
  }
  at::Tensor gather(const at::Tensor& local, std::int64_t dim, std::int64_t length) const override {
    std::vector<std::int64_t> shape = local.sizes().vec();
    shape[dim] = length;
    at::Tensor rows = at::zeros(shape);
    rows.narrow(dim, begin_, count_).copy_(local);
    return rows;
  }
  std::pair<at::Tensor, at::Tensor> attend(const parallel::Qkv& video, const parallel::Qkv& condition,
                                           std::int64_t, const parallel::AttentionSite&) const override {
    const auto& [whole_video, attended] = whole[calls++];
    EXPECT_TRUE(at::equal(video.query, whole_video.query.narrow(1, begin_, count_)));
    EXPECT_TRUE(at::equal(video.key, whole_video.key.narrow(1, begin_, count_)));
    EXPECT_TRUE(at::equal(video.value, whole_video.value.narrow(1, begin_, count_)));
    EXPECT_EQ(condition.query.size(1), attended.second.size(1));
    return {attended.first.narrow(1, begin_, count_), attended.second};
  }

  std::vector<std::pair<parallel::Qkv, std::pair<at::Tensor, at::Tensor>>> whole;
  mutable std::size_t calls = 0;

 private:
  std::int64_t begin_;
  std::int64_t count_;
};

/// Attends locally and records every attention's inputs and outputs.
class Noting : public Local {
 public:
  std::pair<at::Tensor, at::Tensor> attend(const parallel::Qkv& video, const parallel::Qkv& condition,
                                           std::int64_t video_length,
                                           const parallel::AttentionSite& site) const override {
    auto out = Local::attend(video, condition, video_length, site);
    noted.push_back({video, out});
    return out;
  }
  mutable std::vector<std::pair<parallel::Qkv, std::pair<at::Tensor, at::Tensor>>> noted;
};

class KeepingProbe : public Probe {
 public:
  void tensor(ProbePoint point, const at::Tensor& value) override {
    const std::string name =
        point.index < 0 ? std::string(point.name) : fmt::format("{}.{}", point.name, point.index);
    kept[name] = value;
    shares[name] = point.shares;
  }
  std::map<std::string, at::Tensor> kept;
  std::map<std::string, std::array<Share, 2>> shares;
};

/// The reference was recorded on an Intel processor; matrix products round otherwise on another (2.2e-6 on an
/// AMD one).
constexpr double kTolerance = 1e-5;

double relative_l2(const at::Tensor& value, const at::Tensor& expected) {
  EXPECT_EQ(value.sizes(), expected.sizes());
  return ((value - expected).norm() / expected.norm()).item<double>();
}

class TransformerParity : public testing::TestWithParam<const char*> {
 protected:
  TransformerParity()
      : recorded(GetParam()), model(recorded.config(), checkpoint::Parameters(recorded), local) {}

  c10::InferenceMode guard;
  RecordedCase recorded;
  Local local;
  Transformer model;
};

TEST_P(TransformerParity, EachBlockAndTheVelocityAreThePaddedReferences) {
  KeepingProbe probe;
  const at::Tensor velocity =
      model.forward(recorded["sample"], {recorded.timestep()}, recorded.condition(), probe);
  for (std::int64_t layer = 0; layer < model.config().num_layers; ++layer) {
    EXPECT_LT(relative_l2(probe.kept.at(fmt::format("transformer_blocks.{}", layer)),
                          recorded[fmt::format("block.{}", layer)]),
              kTolerance);
    EXPECT_LT(relative_l2(probe.kept.at(fmt::format("transformer_blocks.context.{}", layer)),
                          recorded[fmt::format("context.{}", layer)]),
              kTolerance);
  }
  EXPECT_LT(relative_l2(velocity, recorded["velocity"]), kTolerance);
}

TEST_P(TransformerParity, AsksForExactlyTheReferencesParameters) {
  EXPECT_EQ(recorded.asked(), recorded.weights());
}

TEST_P(TransformerParity, ASliceOfTheVideoTokensHasTheBitsOfTheWhole) {
  Noting noting;
  KeepingProbe whole;
  Transformer(recorded.config(), checkpoint::Parameters(recorded), noting)
      .forward(recorded["sample"], {recorded.timestep()}, recorded.condition(), whole);
  const std::int64_t length = whole.kept.at("proj_out").size(1);
  for (const auto& [begin, count] :
       {std::pair<std::int64_t, std::int64_t>{0, 1}, {1, 2}, {length - 7, 7}, {3, 0}}) {
    Slice slice(begin, count);
    slice.whole = noting.noted;
    KeepingProbe part;
    const Transformer sharded(recorded.config(), checkpoint::Parameters(recorded), slice);
    sharded.forward(recorded["sample"], {recorded.timestep()}, recorded.condition(), part);
    EXPECT_EQ(slice.calls, noting.noted.size());
    std::size_t shared = 0;
    for (const auto& [name, value] : part.kept) {
      if (name == "proj_out.gathered") continue;  // no rank of this test has the other rows
      at::Tensor expected = whole.kept.at(name);
      for (const Share& share : part.shares.at(name)) {
        if (share.whole == 0) continue;
        ++shared;
        ASSERT_EQ(expected.size(share.dim), share.whole) << name;
        expected = expected.narrow(share.dim, share.begin, value.size(share.dim));
      }
      EXPECT_TRUE(at::equal(value, expected)) << name << " of " << count << " rows from " << begin;
    }
    EXPECT_GT(shared, static_cast<std::size_t>(recorded.config().num_layers));
  }
}

TEST_P(TransformerParity, Bfloat16StaysCloseAndKeepsItsType) {
  struct Rounded : checkpoint::ParameterSource {
    explicit Rounded(RecordedCase& source) : source(source) {}
    at::Tensor parameter(const std::string& name, const checkpoint::Shape& shape) override {
      return source.parameter(name, shape).to(at::kBFloat16);
    }
    RecordedCase& source;
  } rounded(recorded);
  const Condition condition = recorded.condition();
  const at::Tensor velocity =
      Transformer(recorded.config(), checkpoint::Parameters(rounded), local)
          .forward(recorded["sample"].to(at::kBFloat16), {recorded.timestep()},
                   {condition.text.to(at::kBFloat16), condition.byt5.to(at::kBFloat16),
                    condition.image.to(at::kBFloat16)},
                   no_probe());
  EXPECT_EQ(velocity.scalar_type(), at::kBFloat16);
  EXPECT_LT(relative_l2(velocity.to(at::kFloat), recorded["velocity"]), 0.05);
}

INSTANTIATE_TEST_SUITE_P(Recorded, TransformerParity, testing::Values("patch_1", "patch_2"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Transformer, RefusesLatentsThatAreNotWholePatches) {
  const c10::InferenceMode guard;
  RecordedCase recorded("patch_2");
  const Local local;
  const Transformer model(recorded.config(), checkpoint::Parameters(recorded), local);
  const auto forward = [&](const at::Tensor& sample) {
    model.forward(sample, {1.0}, recorded.condition(), no_probe());
  };
  EXPECT_THAT(
      [&] {
        forward(at::zeros({1, 5, 4, 6, 9}));
      },
      ThrowsMessage<InputError>(HasSubstr("4 x 6 x 9 are not a whole number of patches of 2 x 2 x 2")));
  EXPECT_THAT(
      [&] {
        forward(at::zeros({1, 4, 4, 6, 10}));
      },
      ThrowsMessage<InputError>(HasSubstr("5 channels")));
}

nlohmann::json published_config() {
  return {{"_class_name", "HunyuanVideo15Transformer3DModel"}, {"rope_axes_dim", {16, 56, 56}}};
}

TEST(TransformerConfig, DefaultsAreThePublishedModel) {
  const TransformerConfig config = TransformerConfig::from({published_config(), "config.json"});
  EXPECT_EQ(config.inner_dim(), 2048);
  EXPECT_EQ(config.num_layers, 54);
  EXPECT_FALSE(config.use_meanflow);
}

TEST(TransformerConfig, RefusesValuesThatDoNotFitTogetherWithFileAndKey) {
  const auto refusal = [](const std::string& key, const nlohmann::json& value) {
    nlohmann::json config = published_config();
    config[key] = value;
    try {
      TransformerConfig::from({config, "config.json"});
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(refusal("_class_name", "FluxTransformer2DModel"), HasSubstr("config.json: '_class_name'"));
  EXPECT_THAT(refusal("rope_axes_dim", {16, 56, 54}), HasSubstr("must sum up to attention_head_dim, 128"));
  EXPECT_THAT(refusal("rope_axes_dim", {15, 57, 56}), HasSubstr("'rope_axes_dim' must hold even numbers"));
  EXPECT_THAT(refusal("rope_axes_dim", {64, 64}), HasSubstr("three entries"));
  EXPECT_THAT(refusal("num_layers", 0), HasSubstr("'num_layers' must be at least 1"));
  EXPECT_THAT(refusal("qk_norm", "layer_norm"), HasSubstr("must be 'rms_norm'"));
}

}  // namespace
}  // namespace isoframe::model::transformer
