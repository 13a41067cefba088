#include "harness/compare/worst_frames.h"

#include <algorithm>

#include "metrics/psnr.h"

namespace isoframe::harness::compare {

void WorstFrames::add(std::int64_t index, const metrics::Frame& reference, const metrics::Frame& candidate) {
  const std::uint64_t error = metrics::squared_error(reference.rgb.data(), candidate.rgb.data(),
                                                     static_cast<std::int64_t>(reference.rgb.size()));
  if (error == 0 || (pairs_.size() == kKept && error <= pairs_.back().error)) return;
  const auto place =
      std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& p) { return p.error < error; });
  pairs_.insert(place, {index, error, reference.rgb, candidate.rgb});
  if (pairs_.size() > kKept) pairs_.pop_back();
}

}  // namespace isoframe::harness::compare
