#pragma once
// Runs a plan of tiles on the ranks of the VAEPP group and merges the results on its rank 0.

#include <cstdint>
#include <functional>
#include <string_view>

#include <ATen/core/Tensor.h>

#include "model/parallel/group.h"
#include "model/probe.h"
#include "model/vae/tile_plan.h"

namespace isoframe::model::vae {

/// The work on a tile, and the names under which observers see it.  Decode and encode are two of these.
struct TileOperation {
  std::function<at::Tensor(const at::Tensor& tile)> run;  ///< [F, h, w, C] -> [F', h', w', C'], contiguous
  std::int64_t output_frames = 0;
  std::int64_t output_channels = 0;
  std::string_view tile_stage;           ///< each tile's own computation; index: the tile's number
  std::string_view communication_stage;  ///< waiting for a tile on its way to rank 0; index: its number
  std::string_view blend_stage;          ///< index: the row of tiles
};

/// volume: [F, H, W, C], the same on every rank; `plan` made for its size and the group's -> [F', H', W', C']
/// on rank 0, an undefined tensor on the others.
///
/// Only tiles travel, each once, of its own size, point to point, tagged with its number, while later ones
/// are computed; where they land depends on their coordinates, never on when they arrive.  Throws RunError
/// for a tile whose own computation fails, naming rank, tile and shape.
at::Tensor execute_tiles(const TilePlan& plan, const at::Tensor& volume, const TileOperation& operation,
                         parallel::Group& group, Probe& probe);

}  // namespace isoframe::model::vae
