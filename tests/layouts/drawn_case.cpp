#include "drawn_case.h"

#include <algorithm>
#include <random>
#include <vector>

#include <fmt/format.h>

namespace isoframe::layouts {

namespace {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  /// Draws from `least` to `most`, both included.  Not by std::uniform_int_distribution, whose values differ
  /// between libraries.
  std::int64_t roll(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(most - least + 1));
  }
  template <typename T>
  T pick(const std::vector<T>& values) {
    return values[static_cast<std::size_t>(roll(0, static_cast<std::int64_t>(values.size()) - 1))];
  }

 private:
  std::mt19937_64 engine_;
};

constexpr int kMostRanks = 8;

model::parallel::Layout draw_layout(Dice& dice) {
  model::parallel::Layout layout;
  // The seed chooses the order, so that each dimension may be the largest; at most eight ranks.
  std::vector<int model::parallel::Layout::*> dimensions = {
      &model::parallel::Layout::ulysses, &model::parallel::Layout::ring, &model::parallel::Layout::tensor,
      &model::parallel::Layout::cfg};
  while (!dimensions.empty()) {
    const auto next = dimensions.begin() + dice.roll(0, static_cast<std::int64_t>(dimensions.size()) - 1);
    const int most = *next == &model::parallel::Layout::cfg ? 2 : 4;
    layout.*(*next) = static_cast<int>(dice.roll(1, std::min(most, kMostRanks / layout.world_size())));
    dimensions.erase(next);
  }
  layout.vae_patch = static_cast<int>(dice.roll(1, layout.world_size()));
  return layout;
}

model::vae::VaeConfig draw_vae(Dice& dice) {
  model::vae::VaeConfig vae;
  vae.latent_channels = 4;
  vae.layers_per_block = 1;
  vae.spatial_compression_ratio = dice.pick<std::int64_t>({4, 8});
  vae.block_out_channels = vae.spatial_compression_ratio == 4 ? std::vector<std::int64_t>{8, 16, 16}
                                                              : std::vector<std::int64_t>{8, 8, 16, 16};
  return vae;
}

/// Draws a tiling whose stride and overlap agree in latents, as check_tiling() wants them.
model::vae::TilingOptions draw_tiling(Dice& dice, std::int64_t compression) {
  model::vae::TilingOptions tiling;
  const auto tile = dice.roll(1, 5);
  tiling.tile_size = tile * compression;
  // Quarters are exact in binary; overlap 0 goes with every tile.
  const std::vector<double> overlaps = tile == 4   ? std::vector<double>{0.0, 0.25, 0.5, 0.75}
                                       : tile == 2 ? std::vector<double>{0.0, 0.5}
                                                   : std::vector<double>{0.0};
  tiling.overlap = dice.pick(overlaps);
  return tiling;
}

}  // namespace

DrawnCase draw_case(std::uint64_t seed) {
  Dice dice(seed);
  DrawnCase drawn;
  drawn.seed = seed;
  drawn.layout = draw_layout(dice);
  drawn.reduction = dice.pick<model::parallel::Reduction>(
      {model::parallel::Reduction::kFast, model::parallel::Reduction::kDeterministic});
  drawn.vae = draw_vae(dice);
  drawn.tiling = draw_tiling(dice, drawn.vae.spatial_compression_ratio);

  model::transformer::TransformerConfig& transformer = drawn.transformer;
  transformer.in_channels = 2 * drawn.vae.latent_channels + 1;
  transformer.out_channels = drawn.vae.latent_channels;
  transformer.num_attention_heads = drawn.layout.ulysses * drawn.layout.tensor * dice.roll(1, 3);
  transformer.rope_axes_dim = {2 * dice.roll(0, 2), 2 * dice.roll(1, 3), 2 * dice.roll(1, 3)};
  transformer.attention_head_dim = 0;
  for (const std::int64_t axis : transformer.rope_axes_dim) transformer.attention_head_dim += axis;
  transformer.num_layers = dice.roll(1, 2);
  transformer.num_refiner_layers = dice.roll(1, 2);
  transformer.mlp_ratio = dice.pick<double>({2.0, 4.0});
  transformer.text_embed_dim = dice.roll(5, 40);
  transformer.text_embed_2_dim = dice.roll(5, 40);
  transformer.image_embed_dim = 8;

  const bool is_tiny = dice.roll(0, 4) == 0;
  drawn.frames = dice.roll(1, is_tiny ? 1 : 3);
  drawn.height = dice.roll(1, is_tiny ? 2 : 9);
  drawn.width = dice.roll(1, is_tiny ? 2 : 9);
  drawn.prompt_tokens = dice.roll(1, 40);
  drawn.negative_tokens = dice.roll(1, 6);
  drawn.glyph_tokens = dice.roll(0, 1) * dice.roll(1, 12);
  drawn.steps = dice.roll(1, 2);
  // Guidance of 1 has no second pass for a second rank.
  drawn.guidance_scale = dice.pick<double>({1.0, 3.5, 6.0});
  if (drawn.layout.cfg == 2 && drawn.guidance_scale == 1.0) drawn.guidance_scale = 2.0;
  // These rolls come last, so that they change no earlier one.
  drawn.image_tokens = dice.roll(0, 1) * dice.roll(1, 9);
  drawn.transformer.use_meanflow = drawn.image_tokens > 0 && dice.roll(0, 1) == 1;
  return drawn;
}

std::string to_string(const DrawnCase& drawn) {
  const model::transformer::TransformerConfig& transformer = drawn.transformer;
  return fmt::format(
      "again: ISOFRAME_LAYOUTS_SEED={} layouts_tests  ({}, {}; {} heads x {}, {} layers, latents {}x{}x{}, "
      "prompt "
      "{}+{}, negative {}, image {}, {} steps{}, guidance {}, compression {}, tile {} px, overlap {})",
      drawn.seed, model::parallel::to_string(drawn.layout), model::parallel::to_string(drawn.reduction),
      transformer.num_attention_heads, transformer.attention_head_dim, transformer.num_layers, drawn.frames,
      drawn.height, drawn.width, drawn.prompt_tokens, drawn.glyph_tokens, drawn.negative_tokens,
      drawn.image_tokens, drawn.steps, transformer.use_meanflow ? " of MeanFlow" : "", drawn.guidance_scale,
      drawn.vae.spatial_compression_ratio, drawn.tiling.tile_size, drawn.tiling.overlap);
}

}  // namespace isoframe::layouts
