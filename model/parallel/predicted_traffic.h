#pragma once
// Prediction of the bytes that a layout moves, from sizes alone, for comparison with Group::traffic().

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

/// Bytes by group and collective, as Group::traffic() names them; those that move nothing are left out.
using PredictedTraffic = std::map<std::pair<std::string, std::string>, Bytes>;
/// Adds `more` to `sum`, `times` over.
void add_traffic(PredictedTraffic& sum, const PredictedTraffic& more, std::int64_t times = 1);

/// Predicts one pass of the transformer on world rank `rank`:
/// - ulysses: queries, keys and values in one all-to-all, outputs back in one, condition outputs and the last
///   projection's rows gathered;
/// - ring: keys and values of every block but one in exchanges, condition parts and the rows gathered;
/// - tensor: two sums a block and stream, and two a refiner block.
PredictedTraffic predicted_pass(const Layout& layout, Reduction reduction, int rank, const PassShape& shape);

/// Predicts one sum of so many numbers over the tensor group.
PredictedTraffic predicted_sum(const Layout& layout, Reduction reduction, int rank, std::int64_t numbers,
                               std::int64_t element_bytes);

/// Predicts the exchange of two velocities of `bytes` each, once a step.
PredictedTraffic predicted_guidance(const Layout& layout, std::uint64_t bytes);

}  // namespace isoframe::model::parallel
