#pragma once
// Does the candidate move as the reference does?  Flicker that no single frame shows.

#include <cstdint>
#include <vector>

namespace isoframe::metrics {

/// Changes are those from one frame to the next, in 8-bit steps.
struct TemporalDifference {
  /// Root mean square of (candidate's change - reference's change); [k] is that from frame k to k + 1.
  std::vector<double> per_change;
  double mean = 0.0;
  double max = 0.0;
  std::int64_t worst_frame = 0;   ///< the frame after the worst change; 0 where there is none
  double reference_change = 0.0;  ///< mean |change|: what VBench (2023) calls temporal flickering
  double candidate_change = 0.0;
};

class TemporalDifferenceSum {
 public:
  /// Adds the next frame of both videos, `count` 8-bit values.
  void add(const std::uint8_t* reference, const std::uint8_t* candidate, std::int64_t count);
  TemporalDifference result() const;

 private:
  std::vector<std::uint8_t> reference_, candidate_;  ///< the frame before
  std::vector<double> per_change_;
  double reference_change_ = 0.0, candidate_change_ = 0.0;
};

}  // namespace isoframe::metrics
