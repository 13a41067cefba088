#pragma once
// How many bytes a layout moves, from its sizes alone: to be set beside what Group::traffic() measured.

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "model/parallel/layout.h"
#include "model/parallel/numerics.h"
#include "model/parallel/pass_shape.h"

namespace isoframe::model::parallel {

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
