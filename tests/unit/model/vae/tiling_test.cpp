#include "model/vae/tiling.h"

#include <map>
#include <string>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>

#include "model/checkpoint/config.h"
#include "model/error.h"
#include "model/vae/config.h"
#include "model/vae/tile_executor.h"
#include "model/vae/tile_merger.h"
#include "tests/unit/model/vae/thread_group.h"

namespace isoframe::model::vae {
namespace {

using ::testing::HasSubstr;

std::string refusal(std::int64_t tile_size, double overlap) {
  try {
    check_tiling({true, tile_size, overlap}, 16);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(CheckTiling, AcceptsWholeStrides) {
  for (const std::int64_t size : {64, 128, 256}) EXPECT_EQ(refusal(size, 0.25), "accepted");
  EXPECT_EQ(refusal(32, 0.5), "accepted");
  EXPECT_EQ(refusal(80, 0.0), "accepted");
  EXPECT_EQ(refusal(80, 0.4), "accepted");
}

TEST(CheckTiling, NamesTheNearestGoodSizes) {
  EXPECT_EQ(refusal(96, 0.25),
            "tile size 96 px is not good for overlap 0.25: its stride in latents, 96/16 x 0.75 = 4.5, is not "
            "whole; "
            "the nearest good sizes are 64 and 128");
  EXPECT_EQ(refusal(100, 0.25),
            "tile size 100 px is not a multiple of 16 px; the nearest good sizes are 64 and 128");
  EXPECT_EQ(refusal(16, 0.25),
            "tile size 16 px is not good for overlap 0.25: its stride in latents, 16/16 x 0.75 = "
            "0.75, is not whole; the nearest good size is 64");
}

TEST(CheckTiling, RefusesSizesAndOverlapsThatMakeNoProgress) {
  EXPECT_THAT(refusal(0, 0.25), HasSubstr("tile size 0 px"));
  EXPECT_THAT(refusal(-64, 0.25), HasSubstr("tile size -64 px"));
  EXPECT_THAT(refusal(64, 1.0), HasSubstr("tile overlap 1 "));
  EXPECT_THAT(refusal(64, -0.25), HasSubstr("tile overlap -0.25 "));
  // 1 - 0.9 is a little less than 0.1: the reference's stride is 0.
  EXPECT_THAT(refusal(160, 0.9), HasSubstr("not good"));
}

TEST(TileGeometry, CountsBothDirectionsAsTheReferenceDoes) {
  const TilingOptions options{true, 256, 0.25};
  const TileGeometry decode = decode_geometry(options, 16);
  EXPECT_EQ((std::vector{decode.tile, decode.stride, decode.blend, decode.limit}),
            (std::vector<std::int64_t>{16, 12, 64, 192}));
  EXPECT_EQ(decode.output_size(5), 80);
  const TileGeometry encode = encode_geometry(options, 16);
  EXPECT_EQ((std::vector{encode.tile, encode.stride, encode.blend, encode.limit}),
            (std::vector<std::int64_t>{256, 192, 4, 12}));
  EXPECT_EQ(encode.output_size(80), 5);
}

TEST(TilePlan, LargestTilesGoFirstToTheRankWithTheLeastWork) {
  // Rows of 4 and 2, columns of 4, 4 and 1 latents.
  const TilePlan plan = plan_tiles(decode_geometry({true, 64, 0.25}, 16), 2, 5, 7, 2);
  ASSERT_EQ(plan.rows, 2);
  ASSERT_EQ(plan.columns, 3);
  std::vector<std::int64_t> numbers;
  std::vector<int> ranks;
  std::vector<double> workloads;
  for (const TileAssignment& tile : plan.tiles) {
    numbers.push_back(plan.number(tile));
    ranks.push_back(tile.rank);
    workloads.push_back(tile.workload);
  }
  EXPECT_EQ(numbers, (std::vector<std::int64_t>{0, 1, 3, 4, 2, 5}));
  EXPECT_EQ(workloads, (std::vector<double>{32, 32, 16, 16, 8, 4}));
  EXPECT_EQ(ranks, (std::vector<int>{0, 1, 0, 1, 0, 1}));
}

at::Tensor constant_tile(double value, std::int64_t height, std::int64_t width) {
  return at::full({1, height, width, 1}, value);
}

TEST(TileMerger, NeighboursAreUsedAfterTheirOwnBlendingAboveBeforeLeft) {
  const TileGeometry geometry{.tile = 4, .stride = 2, .blend = 2, .limit = 2};
  TileMerger merger(geometry, 4, 4);
  merger.add_row({constant_tile(1, 4, 4), constant_tile(2, 4, 4)});
  merger.add_row({constant_tile(3, 4, 4), constant_tile(4, 4, 4)});
  const at::Tensor expected = at::tensor({1.0F, 1.0F, 1.0F, 1.5F,   //
                                          1.0F, 1.0F, 1.0F, 1.5F,   //
                                          1.0F, 1.0F, 1.0F, 1.25F,  //
                                          2.0F, 2.0F, 2.0F, 2.375F})
                                  .view({1, 4, 4, 1});
  EXPECT_TRUE(at::equal(merger.picture(), expected)) << merger.picture().view({4, 4});
}

TEST(Blend, AThinTileShortensTheExtent) {
  const at::Tensor thin = constant_tile(8, 1, 2);
  blend(constant_tile(0, 1, 4), thin, 4, 2);
  EXPECT_TRUE(at::equal(thin.flatten(), at::tensor({0.0F, 4.0F})));
}

// Encodes by averaging 16 x 16 px, so that a tile is exactly the part of the whole that it covers.
TEST(TileExecutor, RunsInTheDirectionOfEncodeToo) {
  const c10::InferenceMode inference;
  const auto average = [](const at::Tensor& video) {
    return video.unflatten(2, {-1, 16}).unflatten(1, {-1, 16}).mean(at::IntArrayRef{2, 4});
  };
  const at::Tensor video = at::arange(80 * 112, at::kFloat).view({1, 80, 112, 1});
  const TileOperation operation{average, 1, 1, "encode.tile", "encode.communication", "encode.blend"};
  const auto results = on_ranks(2, [&](const auto& group) {
    const TilePlan plan = plan_tiles(encode_geometry({true, 64, 0.25}, 16), 1, 80, 112, 2);
    return execute_tiles(plan, video, operation, *group, no_probe());
  });
  EXPECT_TRUE(at::allclose(results[0], average(video)));
}

class CountingProbe : public Probe {
 public:
  void begin(ProbePoint point) override { stages[std::string(point.name)].push_back(point.index); }
  void tensor(ProbePoint, const at::Tensor& tensor) override { tensor.fill_(7.0); }
  std::map<std::string, std::vector<std::int64_t>> stages;
};

TEST(TileExecutor, AnObserverSeesEveryTileAndMayChangeIt) {
  const c10::InferenceMode inference;
  ThreadGroup group(0, 1, nullptr);
  CountingProbe probe;
  const TileOperation operation{
      [](const at::Tensor& tile) { return tile.clone(); }, 1, 1, "tile", "travel", "blend"};
  TileGeometry geometry{.tile = 2, .stride = 2, .blend = 0, .limit = 2};
  const at::Tensor picture =
      execute_tiles(plan_tiles(geometry, 1, 3, 4, 1), at::zeros({1, 3, 4, 1}), operation, group, probe);
  EXPECT_EQ(probe.stages["tile"], (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(probe.stages["blend"], (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(probe.stages.count("travel"), 0U);
  EXPECT_TRUE(at::equal(picture, at::full({1, 3, 4, 1}, 7.0)));
}

TEST(VaeConfig, WidthsThatDoNotFitTogetherAreNamed) {
  nlohmann::json values = {{"_class_name", "AutoencoderKLHunyuanVideo15"},
                           {"latent_channels", 4},
                           {"block_out_channels", {24, 24, 48, 48, 24}}};
  EXPECT_EQ(VaeConfig::from({values, "vae/config.json"}).latent_channels, 4);
  const auto problem = [&](const nlohmann::json& widths) -> std::string {
    values["block_out_channels"] = widths;
    try {
      VaeConfig::from({values, "vae/config.json"});
    } catch (const InputError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(problem({24, 24, 48, 48, 20}), HasSubstr("multiple of twice the latent channels, 8"));
  EXPECT_THAT(problem({24, 24, 24}), HasSubstr("needs at least 5"));
  EXPECT_THAT(problem({24, 24, 48, 16, 24}), HasSubstr("cannot go from 16 to 24"));
}

}  // namespace
}  // namespace isoframe::model::vae
