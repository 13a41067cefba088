#pragma once

#include <cstdint>
#include <string>

namespace isoframe::harness::scenario {

/// The objection of model::vae::check_tiling to a tile, "" if there is none.  It has a file of its own, so
/// that only one source of this folder reads LibTorch's headers.
std::string tile_problem(std::int64_t tile_size, double overlap, std::int64_t spatial_compression);

}  // namespace isoframe::harness::scenario
