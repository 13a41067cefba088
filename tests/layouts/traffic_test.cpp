// Layouts move the bytes that the formulas predict, exactly.

#include "model/plan/traffic.h"

#include <set>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "drawn_case.h"
#include "generation.h"
#include "model/parallel/predicted_traffic.h"
#include "seeded_parameters.h"

namespace isoframe::layouts {
namespace {

using model::parallel::PassShape;
using model::parallel::PredictedTraffic;

constexpr std::uint64_t kCases = 100;

PassShape shape_of(const DrawnCase& drawn, bool is_conditional) {
  const auto& config = drawn.transformer;
  const std::int64_t text = is_conditional ? drawn.prompt_tokens : drawn.negative_tokens;
  return {.video_tokens = drawn.frames * drawn.height * drawn.width,
          .condition_tokens = text + (is_conditional ? drawn.glyph_tokens : 0) + drawn.image_tokens,
          .text_tokens = text,
          .heads = config.num_attention_heads,
          .head_dim = config.attention_head_dim,
          .blocks = config.num_layers,
          .refiner_blocks = config.num_refiner_layers,
          .output_width = config.out_channels};
}

/// Predicted traffic of encode and decode.
PredictedTraffic predicted_tiles(const DrawnCase& drawn, int rank) {
  model::plan::ModelConfig model;
  model.transformer = drawn.transformer;
  model.vae = drawn.vae;
  model::plan::Generation generation;
  generation.height = drawn.height * drawn.vae.spatial_compression_ratio;
  generation.width = drawn.width * drawn.vae.spatial_compression_ratio;
  generation.frames = (drawn.frames - 1) * drawn.vae.temporal_compression_ratio + 1;
  generation.tiling = drawn.tiling;
  generation.image_height = drawn.image_tokens > 0 ? generation.height : 0;
  generation.layout = drawn.layout;
  auto stages = model::plan::predicted_traffic(model, generation, at::kFloat, rank);
  PredictedTraffic sum = stages["decode"];
  add_traffic(sum, stages["encode"]);
  return sum;
}

/// Predicted traffic of a whole generation on one rank, without its prompts.
PredictedTraffic predicted(const DrawnCase& drawn, int rank) {
  const int cfg_rank = rank * drawn.layout.cfg / drawn.layout.world_size();
  const bool has_second_pass = drawn.guidance_scale != 1.0;
  PredictedTraffic sum;
  for (const bool is_conditional : {true, false}) {
    if (!is_conditional && !has_second_pass) continue;
    if (drawn.layout.cfg == 2 && cfg_rank != (is_conditional ? 0 : 1)) continue;
    add_traffic(
        sum,
        model::parallel::predicted_pass(drawn.layout, drawn.reduction, rank, shape_of(drawn, is_conditional)),
        drawn.steps);
  }
  const std::int64_t latents = drawn.vae.latent_channels * drawn.frames * drawn.height * drawn.width;
  add_traffic(sum, model::parallel::predicted_guidance(drawn.layout, 4 * static_cast<std::uint64_t>(latents)),
              drawn.steps);
  add_traffic(sum, predicted_tiles(drawn, rank));
  return sum;
}

TEST(Traffic, OfImageAndTextToVideoIsWhatTheFormulasPredict) {
  const c10::InferenceMode inference;
  std::set<std::pair<std::string, std::string>> moved;
  SeededParameters parameters;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const DrawnCase drawn = draw_case(seed);
    SCOPED_TRACE(to_string(drawn));
    const std::vector<Generation> ranks = generate_parallel(drawn, parameters);
    for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
      const PredictedTraffic expected = predicted(drawn, static_cast<int>(rank));
      EXPECT_EQ(ranks[rank].traffic, expected) << "rank " << rank;
      for (const auto& [collective, bytes] : expected) moved.insert(collective);
    }
  }
  // Empty tables would have been equal too.
  EXPECT_THAT(moved, ::testing::IsSupersetOf(
                         std::vector<std::pair<std::string, std::string>>{{"ulysses", "all_to_all"},
                                                                          {"ulysses", "all_gather"},
                                                                          {"ring", "exchange"},
                                                                          {"ring", "all_gather"},
                                                                          {"cfg", "all_gather"},
                                                                          {"tensor", "all_reduce"},
                                                                          {"tensor", "all_to_all"},
                                                                          {"vae_patch", "send"},
                                                                          {"vae_patch", "receive"},
                                                                          {"world", "broadcast"}}));
}

}  // namespace
}  // namespace isoframe::layouts
