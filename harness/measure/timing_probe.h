#pragma once
// How long each stage took on this rank, and where this rank is.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/measure/progress_writer.h"
#include "model/probe.h"

namespace isoframe::harness::measure {

/// One begin() with its end().
struct StageTime {
  std::string stage;
  std::int64_t index = -1;  ///< as the model gave it: the step, the tile, -1
  double seconds = 0.0;     ///< by the steady clock; stages nest, so do their times
};

/// For one thread: a rank's.  Costs two clock readings and one record a stage.
class TimingProbe : public model::Probe {
 public:
  explicit TimingProbe(ProgressWriter progress = ProgressWriter::from_environment());

  void begin(model::ProbePoint point) override;
  void end(model::ProbePoint point) override;

  /// In the order in which they ended.
  const std::vector<StageTime>& times() const { return times_; }
  /// Forgets what was measured, a warm-up say.  Not within a stage.
  void clear();

  /// {"text": [s], "denoise": [s], "denoise.step": [s, s, ..], ...}: every occurrence, in order.
  nlohmann::json occurrences() const;
  /// {"text": s, "denoise": s, "denoise.step": s, ...}: the sum of each stage's occurrences.
  nlohmann::json totals() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Open {
    std::string stage;
    std::int64_t index;
    Clock::time_point start;
  };

  void report(model::ProbePoint point);

  ProgressWriter progress_;
  std::vector<Open> open_;
  std::vector<StageTime> times_;
  std::int64_t steps_ = -1;  ///< of the current denoising
};

}  // namespace isoframe::harness::measure
