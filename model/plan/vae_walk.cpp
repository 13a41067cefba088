#include "model/plan/vae_walk.h"

#include <utility>

#include "model/plan/tiles.h"

namespace isoframe::model::plan {

namespace {

/// vae::ResnetBlock: x becomes its result.
Held resnet(Account& account, Held x, std::int64_t in, std::int64_t out, const Volume& volume) {
  Held hidden;
  {
    const Held padded = padded_volume(account, volume, in);
    hidden = convolution(account, in, out, volume);
  }
  hidden = padded_volume(account, volume, out);
  if (in != out) x = linear(account, volume.positions(), in, out);
  // The second convolution adds into x.
  if (account.machine().is_cpu && !account.machine().widens()) {
    count_convolution(account, out, out, volume);
  } else {
    const Held output = convolution(account, out, out, volume);
  }
  return x;
}

/// vae::AttentionBlock: adds to what the caller holds.
void frame_causal_attention(Account& account, std::int64_t channels, const Volume& volume) {
  const std::int64_t positions = volume.positions(), of_frame = volume.height * volume.width;
  Held attended;
  {
    const Held normed = account.hold(positions * channels);
    const Held query = linear(account, positions, channels, channels);
    const Held key = linear(account, positions, channels, channels);
    const Held value = linear(account, positions, channels, channels);
    attended = account.hold(positions * channels);
    for (std::int64_t frame = 1; frame <= volume.frames; ++frame)
      const Held of_one = attention(
          account, {.heads = 1, .queries = of_frame, .keys = frame * of_frame, .head_dim = channels});
  }
  const Held projected = linear(account, positions, channels, channels);
}

Held mid_block(Account& account, Held x, std::int64_t channels, const Volume& volume) {
  x = resnet(account, std::move(x), channels, channels, volume);
  frame_causal_attention(account, channels, volume);
  return resnet(account, std::move(x), channels, channels, volume);
}

Held padded_convolution(Account& account, std::int64_t in, std::int64_t out, const Volume& volume) {
  const Held padded = padded_volume(account, volume, in);
  return convolution(account, in, out, volume);
}

Volume upsampled(const Volume& volume, bool temporal) {
  return {temporal ? 2 * volume.frames - 1 : volume.frames, 2 * volume.height, 2 * volume.width};
}

/// vae::Decoder of one tile, or of everything.
Held decoder(Account& account, const vae::VaeConfig& config, Volume volume) {
  std::int64_t channels = config.block_out_channels.back();
  Held hidden;
  {
    const Held padded = padded_volume(account, volume, config.latent_channels);
    hidden = convolution(account, config.latent_channels, channels, volume);
    const Held repeated = account.hold(volume.positions() * channels);
  }
  hidden = mid_block(account, std::move(hidden), channels, volume);
  for (const vae::Stage& stage : vae::decoder_stages(config)) {
    for (std::int64_t layer = 0; layer <= config.layers_per_block; ++layer)
      hidden =
          resnet(account, std::move(hidden), layer == 0 ? channels : stage.channels, stage.channels, volume);
    channels = stage.resampled_channels;
    if (!stage.resamples) continue;
    const Volume result = upsampled(volume, stage.temporal);
    const Held padded = padded_volume(account, volume, stage.channels);
    const Held expanded = convolution(account, stage.channels, channels * (stage.temporal ? 8 : 4), volume);
    Held added = account.hold(result.positions() * channels);
    hidden = std::move(added);
    volume = result;
  }
  hidden = padded_volume(account, volume, channels);
  return convolution(account, channels, config.out_channels, volume);
}

/// vae::Encoder of one frame: an image.
Held encoder(Account& account, const vae::VaeConfig& config, Volume volume) {
  std::int64_t channels = config.block_out_channels.front();
  const std::int64_t moments = 2 * config.latent_channels;
  Held hidden = padded_convolution(account, config.in_channels, channels, volume);
  for (const vae::Stage& stage : vae::encoder_stages(config)) {
    for (std::int64_t layer = 0; layer < config.layers_per_block; ++layer)
      hidden =
          resnet(account, std::move(hidden), layer == 0 ? channels : stage.channels, stage.channels, volume);
    channels = stage.resampled_channels;
    if (!stage.resamples) continue;
    const Volume result = {1, volume.height / 2, volume.width / 2};
    const Held reduced =
        padded_convolution(account, stage.channels, channels / (stage.temporal ? 8 : 4), volume);
    // Both rearranged, the reduced channels twice where time is resampled too, and the shortcut's averages.
    const Held folded = account.hold(result.positions() * channels);
    const Held folded_input = account.hold(volume.positions() * stage.channels);
    Held averaged = account.hold(result.positions() * channels);
    hidden = std::move(averaged);
    volume = result;
  }
  hidden = mid_block(account, std::move(hidden), channels, volume);
  const Held shortcut = account.hold(volume.positions() * moments);
  hidden = padded_volume(account, volume, channels);
  return convolution(account, channels, moments, volume);
}

/// One direction of vae::Vae.
struct Direction {
  Held (*run)(Account&, const vae::VaeConfig&, Volume);
  vae::TilePlan plan;  ///< empty where it does not tile
  Volume input;
  std::int64_t input_channels;
  std::int64_t output_frames;
  std::int64_t output_channels;

  std::int64_t output_numbers(std::int64_t height, std::int64_t width) const {
    return output_frames * height * width * output_channels;
  }
  std::int64_t tile_numbers(const vae::TileAssignment& tile) const {
    return output_numbers(plan.geometry.output_size(tile.height), plan.geometry.output_size(tile.width));
  }
};

/// vae::TileMerger::add_row's own: the last rows of each tile of this row and the one above, and a product.
Held merge_row(Account& account, const Direction& direction, std::int64_t width) {
  const std::int64_t kept = direction.output_numbers(direction.plan.geometry.blend, width);
  const Held product = account.hold(kept / direction.plan.columns);
  return account.hold(kept);
}

/// vae::execute_tiles on one rank.
Held run_tiles(Account& account, const vae::VaeConfig& config, const Direction& direction, int rank) {
  const vae::TilePlan& plan = direction.plan;
  std::vector<Held> results(plan.tiles.size());
  if (rank == 0) {
    for (const vae::TileAssignment& tile : plan.tiles)
      if (tile.rank != rank) results[plan.number(tile)] = account.hold(direction.tile_numbers(tile));
  }
  for (const vae::TileAssignment& tile : plan.tiles) {
    if (tile.rank != rank) continue;
    const Volume volume = {direction.input.frames, tile.height, tile.width};
    const Held cut = account.hold(volume.positions() * direction.input_channels);
    results[plan.number(tile)] = direction.run(account, config, volume);
  }
  if (rank != 0) return {};
  const std::int64_t height = plan.geometry.output_size(direction.input.height);
  const std::int64_t width = plan.geometry.output_size(direction.input.width);
  Held picture = account.hold(direction.output_numbers(height, width));
  Held above;
  for (std::int64_t row = 0; row < plan.rows; ++row) {
    above = merge_row(account, direction, width);
    for (std::int64_t column = 0; column < plan.columns; ++column) results[row * plan.columns + column] = {};
  }
  return picture;
}

Held run(Account& account, const vae::VaeConfig& config, const Direction& direction,
         const Generation& generation, int rank) {
  if (rank >= generation.layout.vae_patch) return {};
  const bool is_tiled = !direction.plan.tiles.empty();
  if (!is_tiled && rank != 0) return {};
  const Held volume = account.hold(direction.input.positions() * direction.input_channels);
  return is_tiled ? run_tiles(account, config, direction, rank)
                  : direction.run(account, config, direction.input);
}

}  // namespace

Held walk_decode(Account& account, const ModelConfig& model, const Generation& generation, int rank) {
  const LatentSize latents = latent_size(model, generation);
  const Direction direction = {.run = decoder,
                               .plan = decode_tiles(model, generation),
                               .input = {latents.frames, latents.height, latents.width},
                               .input_channels = latents.channels,
                               .output_frames = generation.frames,
                               .output_channels = model.vae.out_channels};
  return run(account, model.vae, direction, generation, rank);
}

Held walk_encode(Account& account, const ModelConfig& model, const Generation& generation, int rank) {
  const Direction direction = {.run = encoder,
                               .plan = encode_tiles(model, generation),
                               .input = {1, generation.height, generation.width},
                               .input_channels = model.vae.in_channels,
                               .output_frames = 1,
                               .output_channels = 2 * model.vae.latent_channels};
  return run(account, model.vae, direction, generation, rank);
}

}  // namespace isoframe::model::plan
