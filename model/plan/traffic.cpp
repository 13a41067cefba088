#include "model/plan/traffic.h"

#include <algorithm>

#include "model/plan/tiles.h"

namespace isoframe::model::plan {

using parallel::PredictedTraffic;

namespace {

std::int64_t bytes_of(at::ScalarType dtype) { return static_cast<std::int64_t>(c10::elementSize(dtype)); }

/// Two sums a layer: attention's output and the MLP's.
PredictedTraffic text_traffic(const ModelConfig& model, const Generation& generation, at::ScalarType dtype,
                              int rank) {
  PredictedTraffic traffic;
  const int parts = std::max(generation.layout.tensor, generation.reduction_parts);
  const auto add = [&](std::int64_t tokens, std::int64_t width, std::int64_t element_bytes,
                       std::int64_t times) {
    add_traffic(
        traffic,
        parallel::predicted_sum(generation.layout, generation.reduction, rank, tokens * width, element_bytes),
        times);
  };
  // T5 adds its feed-forward's halves up in float32 where the rest is float16, whose range they exceed.
  const std::int64_t wide = dtype == at::kHalf ? bytes_of(at::kFloat) : bytes_of(dtype);
  for (const PromptTokens& prompt : own_prompts(generation, rank)) {
    const auto& qwen = model.text_encoder;
    const auto& t5 = model.text_encoder_2;
    if (splits_text_encoder(model, parts))
      add(prompt.text, qwen.hidden_size, bytes_of(dtype),
          2 * (qwen.num_hidden_layers - text::kSkippedLayers));
    if (splits_text_encoder_2(model, parts) && prompt.glyphs > 0) {
      add(prompt.glyphs, t5.d_model, bytes_of(dtype), t5.num_layers);
      add(prompt.glyphs, t5.d_model, wide, t5.num_layers);
    }
  }
  return traffic;
}

/// Traffic of tiles to rank 0, each once and of its own size, as `channels` numbers of `frames` frames.
PredictedTraffic tile_traffic(const vae::TilePlan& plan, std::int64_t frames, std::int64_t channels,
                              at::ScalarType dtype, int rank) {
  std::int64_t positions = 0;
  for (const vae::TileAssignment& tile : plan.tiles) {
    const bool travels = tile.rank != 0 && (rank == 0 || rank == tile.rank);
    if (travels) positions += plan.geometry.output_size(tile.height) * plan.geometry.output_size(tile.width);
  }
  if (positions == 0) return {};
  const auto bytes = static_cast<std::uint64_t>(positions * frames * channels * bytes_of(dtype));
  if (rank == 0) return {{{"vae_patch", "receive"}, {0, bytes}}};
  return {{{"vae_patch", "send"}, {bytes, 0}}};
}

PredictedTraffic encode_traffic(const ModelConfig& model, const Generation& generation, at::ScalarType dtype,
                                int rank) {
  PredictedTraffic traffic =
      tile_traffic(encode_tiles(model, generation), /*frames=*/1, 2 * model.vae.latent_channels, dtype, rank);
  const int others = generation.layout.world_size() - 1;
  if (others == 0) return traffic;
  LatentSize latents = latent_size(model, generation);
  latents.frames = 1;
  const auto bytes = static_cast<std::uint64_t>(latents.numbers() * bytes_of(dtype));
  traffic[{"world", "broadcast"}] =
      rank == 0 ? parallel::Bytes{bytes * static_cast<std::uint64_t>(others), 0} : parallel::Bytes{0, bytes};
  return traffic;
}

PredictedTraffic denoise_traffic(const ModelConfig& model, const Generation& generation, at::ScalarType dtype,
                                 int rank) {
  PredictedTraffic traffic;
  for (const PromptTokens& prompt : own_prompts(generation, rank)) {
    add_traffic(traffic,
                parallel::predicted_pass(generation.layout, generation.reduction, rank,
                                         pass_shape(model, generation, prompt, bytes_of(dtype))),
                generation.steps);
  }
  if (generation.has_second_pass()) {
    const auto velocity =
        static_cast<std::uint64_t>(latent_size(model, generation).numbers() * bytes_of(dtype));
    add_traffic(traffic, parallel::predicted_guidance(generation.layout, velocity), generation.steps);
  }
  return traffic;
}

}  // namespace

std::map<std::string, PredictedTraffic> predicted_traffic(const ModelConfig& model,
                                                          const Generation& generation, at::ScalarType dtype,
                                                          int rank) {
  std::map<std::string, PredictedTraffic> stages = {
      {"text", text_traffic(model, generation, dtype, rank)},
      {"denoise", denoise_traffic(model, generation, dtype, rank)},
      {"decode", tile_traffic(decode_tiles(model, generation), generation.frames, model.vae.out_channels,
                              dtype, rank)}};
  if (generation.has_image()) stages["encode"] = encode_traffic(model, generation, dtype, rank);
  return stages;
}

}  // namespace isoframe::model::plan
