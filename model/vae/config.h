#pragma once
// vae/config.json and the widths that follow from it.

#include <cstdint>
#include <vector>

#include "model/checkpoint/config.h"

namespace isoframe::model::vae {

/// vae/config.json, under its own names.
struct VaeConfig {
  std::int64_t in_channels = 3;
  std::int64_t out_channels = 3;
  std::int64_t latent_channels = 32;
  std::vector<std::int64_t> block_out_channels = {128, 256, 512, 1024, 1024};
  std::int64_t layers_per_block = 2;
  std::int64_t spatial_compression_ratio = 16;
  std::int64_t temporal_compression_ratio = 4;
  bool downsample_match_channel = true;
  bool upsample_match_channel = true;
  double scaling_factor = 1.03682;

  /// Throws InputError for a config of another class or with values that do not fit together.
  static VaeConfig from(const checkpoint::Config& config);
};

/// One up or down block: the width of its resnets, and how it resamples.
struct Stage {
  std::int64_t channels = 0;
  bool resamples = false;
  bool temporal = false;                ///< in time too
  std::int64_t resampled_channels = 0;  ///< `channels` where it does not resample
};

/// Stages in the order of down_blocks and of up_blocks.  Reference: HunyuanVideo15Encoder3D,
/// HunyuanVideo15Decoder3D.
std::vector<Stage> encoder_stages(const VaeConfig& config);
std::vector<Stage> decoder_stages(const VaeConfig& config);

}  // namespace isoframe::model::vae
