#pragma once
// One rank's place and share of a pass of the transformer, from sizes alone.

#include <cstdint>

#include "model/parallel/layout.h"
#include "model/parallel/pass_shape.h"
#include "model/parallel/split.h"

namespace isoframe::model::parallel {

struct RankShare {
  RankShare(const Layout& layout, int rank, const PassShape& shape)
      : ulysses(rank / layout.tensor % layout.ulysses),
        ring(rank / (layout.tensor * layout.ulysses) % layout.ring),
        tensor(rank % layout.tensor),
        blocks(split_evenly(shape.video_tokens, layout.ring)),
        block(blocks.sizes[ring]),
        rows(split_evenly(block, layout.ulysses).sizes[ulysses]),
        first_row(blocks.offsets[ring] + split_evenly(block, layout.ulysses).offsets[ulysses]),
        heads(shape.heads / layout.tensor),
        own_heads(heads / layout.ulysses) {}

  int ulysses, ring, tensor;  ///< the rank's place in each group
  Split blocks;               ///< the ring's split of the tokens
  std::int64_t block;         ///< tokens of the rank's ring block
  std::int64_t rows;          ///< tokens of the rank
  std::int64_t first_row;
  std::int64_t heads;      ///< of the tensor rank
  std::int64_t own_heads;  ///< heads of the rank in attention
};

}  // namespace isoframe::model::parallel
