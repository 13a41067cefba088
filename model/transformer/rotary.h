#pragma once
// Rotary position embedding of video tokens over time, height and width.

#include <cstdint>
#include <vector>

#include "model/kernels/rms_norm.h"
#include "model/transformer/embeddings.h"

namespace isoframe::model::transformer {

/// Angles of every token of a grid, [S, head_dim / 2] each: `axes_dim` channels turn with the frame, the row
/// and the column.  Reference: HunyuanVideo15RotaryPosEmbed (diffusers 0.42), which holds each angle twice,
/// once a channel.
kernels::Rotary rotary_embedding(const TokenGrid& grid, const std::vector<std::int64_t>& axes_dim,
                                 double theta);

}  // namespace isoframe::model::transformer
