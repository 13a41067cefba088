#include "metrics/frame_scores.h"

#include <algorithm>
#include <numeric>

namespace isoframe::metrics {

FrameScores scores_of(std::vector<double> per_frame) {
  FrameScores scores;
  scores.per_frame = std::move(per_frame);
  if (scores.per_frame.empty()) return scores;
  const auto worst = std::min_element(scores.per_frame.begin(), scores.per_frame.end());
  scores.min = *worst;
  scores.worst_frame = worst - scores.per_frame.begin();
  scores.mean = std::accumulate(scores.per_frame.begin(), scores.per_frame.end(), 0.0) /
                static_cast<double>(scores.per_frame.size());
  return scores;
}

}  // namespace isoframe::metrics
