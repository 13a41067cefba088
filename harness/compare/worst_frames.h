#pragma once
// Collects the few frames that are worth looking at.

#include <cstdint>
#include <vector>

#include "metrics/frame_reader.h"

namespace isoframe::harness::compare {

/// Keeps copies of the frames with the largest squared error, at most kKept of them.
class WorstFrames {
 public:
  static constexpr std::size_t kKept = 3;
  struct Pair {
    std::int64_t index = 0;
    std::uint64_t error = 0;
    std::vector<std::uint8_t> reference, candidate;  ///< interleaved 8-bit RGB
  };

  /// Keeps copies of a pair if it is among the worst; equal frames are never kept.
  void add(std::int64_t index, const metrics::Frame& reference, const metrics::Frame& candidate);
  /// The kept pairs, the worst first.
  const std::vector<Pair>& pairs() const { return pairs_; }

 private:
  std::vector<Pair> pairs_;
};

}  // namespace isoframe::harness::compare
