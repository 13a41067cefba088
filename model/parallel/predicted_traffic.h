#pragma once
// How many bytes a layout moves, from its sizes alone: to be set beside what Group::traffic() measured.

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "model/parallel/layout.h"
#include "model/parallel/numerics.h"

namespace isoframe::model::parallel {

/// What decides the traffic of one pass of the transformer.
struct PassShape {
  std::int64_t video_tokens = 0;
  std::int64_t condition_tokens = 0;  ///< text, ByT5 and image together
  std::int64_t text_tokens = 0;       ///< those that the refiner sees
  std::int64_t heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t blocks = 0;
  std::int64_t refiner_blocks = 0;
  std::int64_t output_width = 0;  ///< numbers a video token has after the last projection
  std::int64_t element_bytes = 4;
};

struct Bytes {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  bool operator==(const Bytes&) const = default;
};

/// By group and collective, as Group::traffic() names them; without those that move nothing.
using PredictedTraffic = std::map<std::pair<std::string, std::string>, Bytes>;
/// `more` comes `times` over.
void add_traffic(PredictedTraffic& sum, const PredictedTraffic& more, std::int64_t times = 1);

/// One pass on world rank `rank`:
/// - ulysses: queries, keys and values in one all-to-all, outputs back in one, condition outputs and the last
///   projection's rows gathered;
/// - ring: keys and values of every block but one in exchanges, condition parts and the rows gathered;
/// - tensor: two sums a block and stream, and two a refiner block.
PredictedTraffic predicted_pass(const Layout& layout, Reduction reduction, int rank, const PassShape& shape);

/// One sum of so many numbers over the tensor group.
PredictedTraffic predicted_sum(const Layout& layout, Reduction reduction, int rank, std::int64_t numbers,
                               std::int64_t element_bytes);

/// The exchange of two predictions of `bytes` each, once a step.
PredictedTraffic predicted_guidance(const Layout& layout, std::uint64_t bytes);

}  // namespace isoframe::model::parallel
