#include "metrics/decoded.h"

#include <algorithm>
#include <cstdlib>

namespace isoframe::metrics {

namespace {

constexpr int kWidestInteger = 16;

std::int64_t value_at(const std::vector<std::uint8_t>& data, std::size_t at, std::size_t bytes) {
  return bytes == 1 ? data[at] : data[at] + 256 * data[at + 1];
}

}  // namespace

void DecodedDifferenceSum::add(const Decoded& reference, const Decoded& candidate) {
  if (!alike_) return;
  const std::int64_t frame = frames_++;
  reference_ = reference.format;
  candidate_ = candidate.format;
  alike_ =
      reference_ == candidate_ && reference.data.size() == candidate.data.size() && !reference.data.empty();
  if (!alike_ || reference.data == candidate.data) return;
  if (!sum_.first_differing_frame) sum_.first_differing_frame = frame;
  // Values wider than that are floats, whose bytes only tell that they differ.
  const std::size_t bytes = reference_.bits > 8 && reference_.bits <= kWidestInteger ? 2 : 1;
  for (std::size_t at = 0; at + bytes <= reference.data.size(); at += bytes) {
    const std::int64_t difference =
        std::abs(value_at(reference.data, at, bytes) - value_at(candidate.data, at, bytes));
    sum_.differing_values += difference != 0 ? 1 : 0;
    sum_.max_difference = std::max(sum_.max_difference, difference);
  }
}

std::optional<DecodedDifference> DecodedDifferenceSum::result() const {
  if (!alike_ || frames_ == 0) return {};
  DecodedDifference result = sum_;
  result.format = reference_.name;
  result.bits = reference_.bits;
  return result;
}

}  // namespace isoframe::metrics
