#pragma once
// Sums along a row in a fixed order that the compiler can vectorize.

#include <cstdint>

namespace isoframe::model::kernels {

/// Sum of term(i) for i in [0, n): 16 running sums side by side, then a tree, then the rest.  The order
/// depends on n alone.
template <typename Term>
[[gnu::always_inline]] inline float row_sum(std::int64_t n, const Term& term) {
  constexpr std::int64_t kLanes = 16;
  float lanes[kLanes] = {};
  const std::int64_t body = n - n % kLanes;
  for (std::int64_t i = 0; i < body; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += term(i + lane);
  }
  for (std::int64_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::int64_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  float sum = lanes[0];
  for (std::int64_t i = body; i < n; ++i) sum += term(i);
  return sum;
}

}  // namespace isoframe::model::kernels
