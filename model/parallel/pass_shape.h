#pragma once

#include <cstdint>

namespace isoframe::model::parallel {

/// Sizes that decide the traffic of one pass of the transformer.
struct PassShape {
  std::int64_t video_tokens = 0;
  std::int64_t condition_tokens = 0;  ///< text, ByT5 and image together
  std::int64_t text_tokens = 0;       ///< as many as the refiner sees
  std::int64_t heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t blocks = 0;
  std::int64_t refiner_blocks = 0;
  std::int64_t output_width = 0;  ///< numbers a video token has after the last projection
  std::int64_t element_bytes = 4;
};

}  // namespace isoframe::model::parallel
