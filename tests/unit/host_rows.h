#pragma once
// The kernels of model/kernels/row_kernels.h as plain loops on the host: a GPU's arithmetic without a GPU.

#include <cstdint>

#include "model/kernels/row_kernels.h"

namespace isoframe::model::kernels {

/// A team whose lanes the host plays one after the other.
class HostTeam {
 public:
  template <typename Body>
  void each(std::int64_t count, const Body& body) const {
    for (std::int64_t i = 0; i < count; ++i) body(i);
  }

  /// Adds as a warp does: each lane its own terms, then lanes that are 16, 8, 4, 2 and 1 apart.
  template <typename Term>
  float sum(std::int64_t count, const Term& term) const {
    float lanes[kLanes] = {};
    for (std::int64_t i = 0; i < count; ++i) lanes[i % kLanes] += term(i);
    for (int distance = kLanes / 2; distance > 0; distance /= 2)
      for (int lane = 0; lane < distance; ++lane) lanes[lane] += lanes[lane + distance];
    return lanes[0];
  }

  template <typename Body>
  void once(const Body& body) const {
    body();
  }
};

inline void run_on_host(const RowKernel& kernel, Numbers numbers) {
  rows::with_body(kernel, numbers, [](std::int64_t rows, const auto& body) {
    for (std::int64_t row = 0; row < rows; ++row) body(HostTeam(), row);
  });
}

}  // namespace isoframe::model::kernels
