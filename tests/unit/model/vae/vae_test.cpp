#include "model/vae/vae.h"

#include <cmath>
#include <filesystem>
#include <optional>
#include <string>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>

#include "base/error.h"
#include "model/checkpoint/safetensors.h"
#include "tests/unit/model/vae/seeded.h"
#include "tests/unit/model/vae/thread_group.h"

namespace isoframe::model::vae {
namespace {

class VaeTest : public ::testing::Test {
 protected:
  VaeTest() { at::set_num_threads(1); }

  Vae vae(std::shared_ptr<parallel::Group> group) {
    return {small_config(), checkpoint::Parameters(source_), group};
  }

  c10::InferenceMode inference_;
  SeededParameters source_;
};

struct DecodeCase {
  std::string name;
  std::vector<std::int64_t> latents;  ///< F, H, W
  std::optional<TilingOptions> tiling;
  std::int64_t step;  ///< every n-th element is recorded
};

const DecodeCase kDecodeCases[] = {
    {"untiled", {3, 5, 7}, std::nullopt, 13},
    {"untiled_one_frame", {1, 3, 5}, std::nullopt, 3},
    {"tiled_frames", {3, 5, 7}, TilingOptions{true, 64, 0.25}, 29},
    {"tiled_64_25", {1, 5, 7}, TilingOptions{true, 64, 0.25}, 5},
    {"tiled_64_75", {1, 5, 7}, TilingOptions{true, 64, 0.75}, 5},
    {"tiled_32_50", {1, 5, 7}, TilingOptions{true, 32, 0.5}, 5},
    {"tiled_32_0", {1, 5, 7}, TilingOptions{true, 32, 0.0}, 5},
};

at::Tensor latents_of(const std::vector<std::int64_t>& size) {
  return noise("latents", {1, 4, size[0], size[1], size[2]});
}

void expect_close(const at::Tensor& actual, const std::string& name, std::int64_t step) {
  static const auto recorded = checkpoint::read_safetensors(std::filesystem::path(__FILE__).parent_path() /
                                                            "data" / "reference.safetensors");
  const at::Tensor expected = recorded.at(name).flatten();
  const at::Tensor kept = actual.contiguous().flatten().slice(0, 0, std::nullopt, step);
  ASSERT_EQ(kept.sizes(), expected.sizes()) << name;
  const at::Tensor difference = kept - expected;
  EXPECT_LE((difference.norm() / expected.norm()).item<double>(), 1e-5) << name;
  EXPECT_LE(difference.abs().max().item<double>(), 1e-4) << name;
}

TEST_F(VaeTest, DecodeEqualsTheReferenceTiledAndUntiled) {
  const Vae model = vae(std::make_shared<ThreadGroup>(0, 1, nullptr));
  for (const DecodeCase& c : kDecodeCases) {
    const TilingOptions tiling = c.tiling.value_or(TilingOptions{.enabled = false});
    expect_close(model.decode(latents_of(c.latents), tiling, no_probe()), c.name, c.step);
  }
}

struct EncodeCase {
  std::string name;
  std::vector<std::int64_t> video;  ///< F, H, W
  std::optional<TilingOptions> tiling;
};

const EncodeCase kEncodeCases[] = {
    {"encoded", {5, 32, 48}, std::nullopt},
    {"encoded_one_frame", {1, 48, 32}, std::nullopt},
    {"encoded_tiled_64_25", {1, 80, 112}, TilingOptions{true, 64, 0.25}},
    {"encoded_tiled_64_75", {1, 80, 112}, TilingOptions{true, 64, 0.75}},
    {"encoded_tiled_32_50", {5, 48, 80}, TilingOptions{true, 32, 0.5}},
    {"encoded_tiled_32_0", {1, 48, 80}, TilingOptions{true, 32, 0.0}},
};

at::Tensor video_of(const std::vector<std::int64_t>& size) {
  return noise("video", {1, 3, size[0], size[1], size[2]});
}

TEST_F(VaeTest, EncodeEqualsTheReferenceTiledAndUntiled) {
  const Vae model = vae(std::make_shared<ThreadGroup>(0, 1, nullptr));
  for (const EncodeCase& c : kEncodeCases) {
    const TilingOptions tiling = c.tiling.value_or(TilingOptions{.enabled = false});
    expect_close(model.encode(video_of(c.video), tiling, no_probe()), c.name, 1);
  }
}

TEST_F(VaeTest, AnyNumberOfRanksGivesTheBitsOfOne) {
  const TilingOptions tiling{true, 32, 0.5};
  const at::Tensor latents = latents_of({2, 2, 3});
  const at::Tensor alone =
      vae(std::make_shared<ThreadGroup>(0, 1, nullptr)).decode(latents, tiling, no_probe());
  for (const int ranks : {2, 3, 8}) {
    const auto results =
        on_ranks(ranks, [&](const auto& group) { return vae(group).decode(latents, tiling, no_probe()); });
    EXPECT_TRUE(at::equal(results[0], alone)) << ranks << " ranks";
    for (std::size_t rank = 1; rank < results.size(); ++rank) EXPECT_FALSE(results[rank].defined());
  }
}

TEST_F(VaeTest, AnyNumberOfRanksEncodesToTheBitsOfOne) {
  const TilingOptions tiling{true, 32, 0.5};
  const at::Tensor video = video_of({1, 48, 80});
  const at::Tensor alone =
      vae(std::make_shared<ThreadGroup>(0, 1, nullptr)).encode(video, tiling, no_probe());
  for (const int ranks : {2, 4, 20}) {
    const auto results =
        on_ranks(ranks, [&](const auto& group) { return vae(group).encode(video, tiling, no_probe()); });
    EXPECT_TRUE(at::equal(results[0], alone)) << ranks << " ranks";
    for (std::size_t rank = 1; rank < results.size(); ++rank) EXPECT_FALSE(results[rank].defined());
  }
}

/// Records the names and indices of the stages that begin.
class Stages : public Probe {
 public:
  void begin(ProbePoint point) override { begun.push_back(fmt::format("{} {}", point.name, point.index)); }
  std::vector<std::string> begun;
};

TEST_F(VaeTest, EncodeShowsEachTileAndRow) {
  const Vae model = vae(std::make_shared<ThreadGroup>(0, 1, nullptr));
  Stages probe;
  model.encode(video_of({1, 32, 48}), TilingOptions{true, 32, 0.0}, probe);
  EXPECT_THAT(probe.begun, testing::UnorderedElementsAre("encode.tile 0", "encode.tile 1", "encode.blend 0"));
}

TEST_F(VaeTest, RanksOutsideTheGroupGetNoTiles) {
  EXPECT_FALSE(
      vae(nullptr).decode(latents_of({1, 2, 3}), TilingOptions{true, 32, 0.5}, no_probe()).defined());
}

TEST_F(VaeTest, OnlyRankZeroDecodesUntiled) {
  const auto results = on_ranks(2, [&](const auto& group) {
    return vae(group).decode(latents_of({1, 1, 2}), TilingOptions{}, no_probe());
  });
  EXPECT_EQ(results[0].sizes(), (std::vector<std::int64_t>{1, 3, 1, 16, 32}));
  EXPECT_FALSE(results[1].defined());
}

TEST_F(VaeTest, APictureThatFitsIntoATileIsNotTiled) {
  const Vae model = vae(nullptr);
  EXPECT_TRUE(model.decode_plan(1, 2, 2, TilingOptions{true, 32, 0.5}, 1).empty());
  EXPECT_EQ(model.decode_plan(1, 2, 3, TilingOptions{true, 32, 0.5}, 1).size(), 6U);
  EXPECT_TRUE(model.decode_plan(1, 2, 3, TilingOptions{false, 32, 0.5}, 1).empty());
  EXPECT_TRUE(model.encode_plan(1, 32, 32, TilingOptions{true, 32, 0.5}, 1).empty());
  EXPECT_EQ(model.encode_plan(1, 32, 48, TilingOptions{true, 32, 0.5}, 1).size(), 6U);
}

TEST_F(VaeTest, ShapesThatTheVaeCannotTakeAreRefused) {
  const Vae model = vae(nullptr);
  EXPECT_THROW(model.decode(at::zeros({1, 3, 1, 2, 2}), TilingOptions{}, no_probe()), InputError);
  EXPECT_THROW(model.encode(at::zeros({1, 3, 1, 40, 32}), TilingOptions{}, no_probe()), InputError);
  EXPECT_THROW(model.encode(at::zeros({1, 3, 3, 32, 32}), TilingOptions{}, no_probe()), InputError);
}

}  // namespace
}  // namespace isoframe::model::vae
