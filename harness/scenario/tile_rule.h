#pragma once

#include <cstdint>
#include <string>

namespace isoframe::harness::scenario {

/// What model::vae::check_tiling has against a tile, "" when it is good.  A file of its own, so that one
/// source of this folder reads LibTorch's headers and no more.
std::string tile_problem(std::int64_t tile_size, double overlap, std::int64_t spatial_compression);

}  // namespace isoframe::harness::scenario
