#include "model/vae/config.h"

#include <algorithm>
#include <bit>
#include <string>

#include <fmt/format.h>

#include "model/checkpoint/positive_number.h"

namespace isoframe::model::vae {

namespace {

bool is_power_of_two(std::int64_t value) {
  return value > 0 && std::has_single_bit(static_cast<std::uint64_t>(value));
}

std::int64_t log2_of(std::int64_t power) { return std::bit_width(static_cast<std::uint64_t>(power)) - 1; }

std::vector<Stage> stages_of(const std::vector<std::int64_t>& widths, bool match_channel,
                             std::int64_t resampled, std::int64_t temporal_begin, std::int64_t temporal_end) {
  std::vector<Stage> stages;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(widths.size()); ++i) {
    const auto at = static_cast<std::size_t>(i);
    Stage stage{.channels = widths[at], .resampled_channels = widths[at]};
    if (i < resampled) {
      stage.resamples = true;
      stage.temporal = temporal_begin <= i && i < temporal_end;
      if (match_channel) stage.resampled_channels = widths[at + 1];
    }
    stages.push_back(stage);
  }
  return stages;
}

// True if a shortcut can turn `from` channels, rearranged over `factor` positions, into `to`: whole groups,
// and whole half groups for the first frame of a temporal one.
bool shortcut_fits(std::int64_t from, std::int64_t to, bool temporal) {
  const std::int64_t factor = temporal ? 8 : 4;
  return from % factor == 0 && (factor * to) % from == 0 && (!temporal || (factor * to / from) % 2 == 0);
}

void check(const checkpoint::Config& source, const VaeConfig& config) {
  const auto positive = [&](const char* key, std::int64_t value) {
    if (value <= 0) source.fail(key, fmt::format("is {}; it must be positive", value));
  };
  positive("in_channels", config.in_channels);
  positive("out_channels", config.out_channels);
  positive("latent_channels", config.latent_channels);
  positive("layers_per_block", config.layers_per_block);
  if (!is_power_of_two(config.spatial_compression_ratio))
    source.fail("spatial_compression_ratio", "must be a power of two");
  if (!is_power_of_two(config.temporal_compression_ratio) ||
      config.temporal_compression_ratio > config.spatial_compression_ratio)
    source.fail("temporal_compression_ratio", "must be a power of two, at most spatial_compression_ratio");
  if (!(config.scaling_factor > 0.0)) source.fail("scaling_factor", "must be positive");

  const std::vector<std::int64_t>& widths = config.block_out_channels;
  const auto bad_widths = [&](const std::string& problem) { source.fail("block_out_channels", problem); };
  const std::int64_t halvings = log2_of(config.spatial_compression_ratio);
  if (static_cast<std::int64_t>(widths.size()) <= halvings)
    bad_widths(fmt::format("has {} widths; a spatial compression of {} needs at least {}", widths.size(),
                           config.spatial_compression_ratio, halvings + 1));
  for (const std::int64_t width : widths) {
    if (width <= 0) bad_widths(fmt::format("holds {}; widths must be positive", width));
  }
  if (widths.back() % (2 * config.latent_channels) != 0)
    bad_widths(fmt::format("ends with {}; the last width must be a multiple of twice the latent channels, {}",
                           widths.back(), 2 * config.latent_channels));
  for (const Stage& stage : encoder_stages(config)) {
    if (stage.resamples && !shortcut_fits(stage.resampled_channels, stage.channels, stage.temporal))
      bad_widths(
          fmt::format("cannot go from {} to {} in the encoder: the shortcut's channel groups are not whole",
                      stage.channels, stage.resampled_channels));
  }
  for (const Stage& stage : decoder_stages(config)) {
    if (stage.resamples && !shortcut_fits(stage.channels, stage.resampled_channels, stage.temporal))
      bad_widths(
          fmt::format("cannot go from {} to {} in the decoder: the shortcut's channel groups are not whole",
                      stage.channels, stage.resampled_channels));
  }
}

}  // namespace

VaeConfig VaeConfig::from(const checkpoint::Config& source) {
  source.require_class("AutoencoderKLHunyuanVideo15");
  VaeConfig config;
  config.in_channels = source.integer("in_channels", config.in_channels);
  config.out_channels = source.integer("out_channels", config.out_channels);
  config.latent_channels = source.integer("latent_channels", config.latent_channels);
  config.block_out_channels = source.integers("block_out_channels", config.block_out_channels);
  config.layers_per_block = source.integer("layers_per_block", config.layers_per_block);
  config.spatial_compression_ratio =
      source.integer("spatial_compression_ratio", config.spatial_compression_ratio);
  config.temporal_compression_ratio =
      source.integer("temporal_compression_ratio", config.temporal_compression_ratio);
  config.downsample_match_channel =
      source.boolean("downsample_match_channel", config.downsample_match_channel);
  config.upsample_match_channel = source.boolean("upsample_match_channel", config.upsample_match_channel);
  config.scaling_factor = checkpoint::positive_number(source, "scaling_factor", config.scaling_factor);
  check(source, config);
  return config;
}

std::vector<Stage> encoder_stages(const VaeConfig& config) {
  const std::int64_t spatial = log2_of(config.spatial_compression_ratio);
  const std::int64_t temporal = log2_of(config.temporal_compression_ratio);
  return stages_of(config.block_out_channels, config.downsample_match_channel, spatial, spatial - temporal,
                   spatial);
}

std::vector<Stage> decoder_stages(const VaeConfig& config) {
  std::vector<std::int64_t> widths = config.block_out_channels;
  std::reverse(widths.begin(), widths.end());
  return stages_of(widths, config.upsample_match_channel, log2_of(config.spatial_compression_ratio), 0,
                   log2_of(config.temporal_compression_ratio));
}

}  // namespace isoframe::model::vae
