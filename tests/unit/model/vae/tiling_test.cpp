#include "model/vae/tiling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>

#include "base/error.h"
#include "model/checkpoint/config.h"
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

TEST(TilePlan, MeasuredCostsDecideWhereTheyAreKnownForEveryShape) {
  // Rows of 4 and 2, columns of 4, 4 and 1 latents.  Thin tiles are cheaper than whole ones, though not as
  // cheap as their positions say.
  TileCosts costs;
  costs.set(4, 4, 1.0);
  costs.set(2, 4, 0.75);
  costs.set(4, 1, 0.9);
  const TileGeometry geometry = decode_geometry({true, 64, 0.25}, 16);
  EXPECT_EQ(plan_tiles(geometry, 2, 5, 7, 2, costs).tiles.front().workload, 32) << "2 x 1 is not known";
  costs.set(2, 1, 0.25);
  const TilePlan plan = plan_tiles(geometry, 2, 5, 7, 2, costs);
  std::vector<std::int64_t> numbers;
  for (const TileAssignment& tile : plan.tiles) numbers.push_back(plan.number(tile));
  EXPECT_EQ(numbers, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(loads(plan.tiles, 2), (std::vector<double>{1.0 + 0.9 + 0.25, 1.0 + 0.75 + 0.75}));
}

/// Searches every way of sharing tiles out.
double least_makespan(const std::vector<TileAssignment>& tiles, int ranks) {
  std::vector<TileAssignment> tried = tiles;
  double least = std::numeric_limits<double>::infinity();
  const auto ways = static_cast<std::int64_t>(std::pow(ranks, static_cast<double>(tiles.size())));
  for (std::int64_t way = 0; way < ways; ++way) {
    std::int64_t rest = way;
    for (TileAssignment& tile : tried) {
      tile.rank = static_cast<int>(rest % ranks);
      rest /= ranks;
    }
    least = std::min(least, std::ranges::max(loads(tried, ranks)));
  }
  return least;
}

TEST(TilePlan, IsWithinFourThirdsOfTheOptimum) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> seconds(0.05, 1.0);
  double worst = 1.0;
  for (int draw = 0; draw < 400; ++draw) {
    const auto height = 3 + static_cast<std::int64_t>(random() % 6),
               width = 3 + static_cast<std::int64_t>(random() % 6);
    const int ranks = 2 + static_cast<int>(random() % 3);
    TileCosts costs;
    for (std::int64_t h = 1; h <= 4; ++h)
      for (std::int64_t w = 1; w <= 4; ++w) costs.set(h, w, seconds(random));
    const std::vector<TileAssignment> tiles =
        plan_tiles(decode_geometry({true, 64, 0.25}, 16), 2, height, width, ranks, costs).tiles;
    const std::optional<double> optimum = optimal_makespan(tiles, ranks);
    ASSERT_TRUE(optimum.has_value()) << tiles.size() << " tiles";
    if (tiles.size() <= 6) {
      EXPECT_NEAR(*optimum, least_makespan(tiles, ranks), 1e-12);
    }
    const double ratio = std::ranges::max(loads(tiles, ranks)) / *optimum;
    worst = std::max(worst, ratio);
    EXPECT_GE(ratio, 1.0 - 1e-12);
    EXPECT_LE(ratio, 4.0 / 3.0);
  }
  EXPECT_GT(worst, 1.0) << "no draw was hard";
}

TEST(TilePlan, TheSearchForTheOptimumGivesUpInTime) {
  std::vector<TileAssignment> tiles(60);
  for (std::size_t i = 0; i < tiles.size(); ++i)
    tiles[i].workload = 1.0 + 0.001 * static_cast<double>(i * i % 17);
  EXPECT_FALSE(optimal_makespan(tiles, 7).has_value());
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
