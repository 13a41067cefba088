#include "metrics/temporal.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "metrics/vectorize.h"

namespace isoframe::metrics {

namespace {

/// Few enough that (2 * 255)^2 times as many fit 32 bits.
constexpr std::int64_t kBlock = 8192;

struct Changes {
  std::uint32_t squares = 0, reference = 0, candidate = 0;
};

ISOFRAME_METRICS_VECTORIZED Changes changes_of_block(const std::uint8_t* x0, const std::uint8_t* x1,
                                                     const std::uint8_t* y0, const std::uint8_t* y1,
                                                     std::int64_t count) {
  Changes sum;
  for (std::int64_t i = 0; i < count; ++i) {
    const int x = x1[i] - x0[i], y = y1[i] - y0[i];
    sum.squares += static_cast<std::uint32_t>((y - x) * (y - x));
    sum.reference += static_cast<std::uint32_t>(std::abs(x));
    sum.candidate += static_cast<std::uint32_t>(std::abs(y));
  }
  return sum;
}

}  // namespace

void TemporalDifferenceSum::add(const std::uint8_t* reference, const std::uint8_t* candidate,
                                std::int64_t count) {
  if (!reference_.empty()) {
    double squares = 0.0, x = 0.0, y = 0.0;
    for (std::int64_t i = 0; i < count; i += kBlock) {
      const Changes block = changes_of_block(reference_.data() + i, reference + i, candidate_.data() + i,
                                             candidate + i, std::min(kBlock, count - i));
      squares += block.squares;
      x += block.reference;
      y += block.candidate;
    }
    const auto values = static_cast<double>(count);
    per_change_.push_back(std::sqrt(squares / values));
    reference_change_ += x / values;
    candidate_change_ += y / values;
  }
  reference_.assign(reference, reference + count);
  candidate_.assign(candidate, candidate + count);
}

TemporalDifference TemporalDifferenceSum::result() const {
  TemporalDifference result;
  result.per_change = per_change_;
  if (per_change_.empty()) return result;
  const auto changes = static_cast<double>(per_change_.size());
  const auto worst = std::max_element(per_change_.begin(), per_change_.end());
  result.max = *worst;
  result.worst_frame = result.max > 0.0 ? worst - per_change_.begin() + 1 : 0;
  result.mean = std::accumulate(per_change_.begin(), per_change_.end(), 0.0) / changes;
  result.reference_change = reference_change_ / changes;
  result.candidate_change = candidate_change_ / changes;
  return result;
}

}  // namespace isoframe::metrics
