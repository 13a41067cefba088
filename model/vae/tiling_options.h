#pragma once

#include <cstdint>
#include <map>
#include <utility>

namespace isoframe::model::vae {

/// Seconds that a tile takes by its shape in the input (latents for decode, pixels for encode), as measured.
class TileCosts {
 public:
  using Shape = std::pair<std::int64_t, std::int64_t>;  ///< height, width
  void set(std::int64_t height, std::int64_t width, double seconds) { seconds_[{height, width}] = seconds; }
  bool knows(std::int64_t height, std::int64_t width) const { return seconds_.contains({height, width}); }
  double of(std::int64_t height, std::int64_t width) const { return seconds_.at({height, width}); }
  const std::map<Shape, double>& by_shape() const { return seconds_; }

 private:
  std::map<Shape, double> seconds_;
};

/// Settings of a user.  Sizes are in pixels.
struct TilingOptions {
  bool enabled = true;
  std::int64_t tile_size = 256;  ///< tile_sample_min_height and _width
  double overlap = 0.25;         ///< tile_overlap_factor
  /// Costs by which tiles are shared out: the same on every rank.  Frames do not depend on them.
  TileCosts decode_costs = {};
  TileCosts encode_costs = {};
};

}  // namespace isoframe::model::vae
