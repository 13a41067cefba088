#include "harness/scenario/tile_rule.h"

#include "base/error.h"
#include "model/vae/tiling.h"

namespace isoframe::harness::scenario {

std::string tile_problem(std::int64_t tile_size, double overlap, std::int64_t spatial_compression) {
  try {
    model::vae::check_tiling({.enabled = true, .tile_size = tile_size, .overlap = overlap},
                             spatial_compression);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace isoframe::harness::scenario
