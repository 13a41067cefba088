// What layouts move is what the formulas say, byte for byte.

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "drawn_case.h"
#include "generation.h"
#include "model/parallel/predicted_traffic.h"
#include "seeded_parameters.h"

namespace isoframe::layouts {
namespace {

using model::parallel::PassShape;
using model::parallel::PredictedTraffic;

constexpr std::uint64_t kCases = 40;

void add(PredictedTraffic& sum, const PredictedTraffic& more, std::int64_t times) {
  for (const auto& [collective, bytes] : more) {
    sum[collective].sent += bytes.sent * static_cast<std::uint64_t>(times);
    sum[collective].received += bytes.received * static_cast<std::uint64_t>(times);
  }
}

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

/// Of a whole denoising on one rank.
PredictedTraffic predicted(const DrawnCase& drawn, int rank) {
  const int cfg_rank = rank * drawn.layout.cfg / drawn.layout.world_size();
  const bool has_second_pass = drawn.guidance_scale != 1.0;
  PredictedTraffic sum;
  for (const bool is_conditional : {true, false}) {
    if (!is_conditional && !has_second_pass) continue;
    if (drawn.layout.cfg == 2 && cfg_rank != (is_conditional ? 0 : 1)) continue;
    add(sum,
        model::parallel::predicted_pass(drawn.layout, drawn.reduction, rank, shape_of(drawn, is_conditional)),
        drawn.steps);
  }
  const std::int64_t latents = drawn.vae.latent_channels * drawn.frames * drawn.height * drawn.width;
  add(sum, model::parallel::predicted_guidance(drawn.layout, 4 * static_cast<std::uint64_t>(latents)),
      drawn.steps);
  return sum;
}

TEST(Traffic, IsWhatTheFormulasPredict) {
  const c10::InferenceMode inference;
  SeededParameters parameters;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const DrawnCase drawn = draw_case(seed);
    SCOPED_TRACE(to_string(drawn));
    const std::vector<Generation> ranks = generate_parallel(drawn, parameters);
    for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
      const PredictedTraffic expected = predicted(drawn, static_cast<int>(rank));
      EXPECT_EQ(ranks[rank].denoising_traffic, expected) << "rank " << rank;
    }
  }
}

}  // namespace
}  // namespace isoframe::layouts
