#include "model/vae/tiling.h"

#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "model/vae/tile_geometry.h"

namespace isoframe::model::vae {

namespace {

constexpr std::int64_t kSizesTried = 1024;

// Both directions' tiles must give to the picture exactly what their strides leave to them.
bool strides_agree(const TilingOptions& options, std::int64_t spatial_compression) {
  const TileGeometry decode = decode_geometry(options, spatial_compression);
  const TileGeometry encode = encode_geometry(options, spatial_compression);
  return decode.stride > 0 && decode.output_size(decode.stride) == decode.limit &&
         encode.stride % spatial_compression == 0 && encode.output_size(encode.stride) == encode.limit;
}

// The next good size from `size` on in steps of `step`, if there is one in reach.
std::optional<std::int64_t> good_size(TilingOptions options, std::int64_t first, std::int64_t step,
                                      std::int64_t spatial_compression) {
  options.tile_size = first;
  for (std::int64_t i = 0; i < kSizesTried && options.tile_size > 0; ++i, options.tile_size += step) {
    if (strides_agree(options, spatial_compression)) return options.tile_size;
  }
  return std::nullopt;
}

std::string nearest_good_sizes(const TilingOptions& options, std::int64_t spatial_compression) {
  const std::int64_t below = options.tile_size / spatial_compression * spatial_compression;
  const auto smaller = good_size(options, below, -spatial_compression, spatial_compression);
  const auto larger =
      good_size(options, below + spatial_compression, spatial_compression, spatial_compression);
  if (smaller && larger) return fmt::format("the nearest good sizes are {} and {}", *smaller, *larger);
  if (smaller || larger) return fmt::format("the nearest good size is {}", smaller ? *smaller : *larger);
  return "no size is good for this overlap; use 0.25";
}

}  // namespace

void check_tiling(const TilingOptions& options, std::int64_t spatial_compression) {
  if (!(options.overlap >= 0.0 && options.overlap < 1.0))
    throw InputError(fmt::format("tile overlap {:g} is not in [0, 1); use 0.25", options.overlap));
  if (options.tile_size > 0 && options.tile_size % spatial_compression == 0 &&
      strides_agree(options, spatial_compression))
    return;

  const std::string sizes = nearest_good_sizes(options, spatial_compression);
  if (options.tile_size <= 0 || options.tile_size % spatial_compression != 0)
    throw InputError(fmt::format("tile size {} px is not a multiple of {} px; {}", options.tile_size,
                                 spatial_compression, sizes));
  const double kept = 1.0 - options.overlap;
  const double stride = static_cast<double>(options.tile_size / spatial_compression) * kept;
  throw InputError(fmt::format(
      "tile size {} px is not good for overlap {:g}: its stride in latents, {}/{} x {:g} = {:g}, is not "
      "whole; {}",
      options.tile_size, options.overlap, options.tile_size, spatial_compression, kept, stride, sizes));
}

}  // namespace isoframe::model::vae
