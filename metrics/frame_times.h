#pragma once
// Times at which a video's frames are shown.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "metrics/frame_reader.h"

namespace isoframe::metrics {

/// Collects the times of frames.  A container rounds them to its clock's ticks; one that was made from
/// another's carries that one's rounding, which shows as intervals that differ by a little.
class FrameTimes {
 public:
  void add(double time, double tick) {
    tick_ = tick;
    if (frames_ > 0) {
      shortest_ = frames_ == 1 ? time - last_ : std::min(shortest_, time - last_);
      longest_ = frames_ == 1 ? time - last_ : std::max(longest_, time - last_);
    } else {
      first_ = time;
    }
    last_ = time;
    ++frames_;
  }
  void add_unknown() { is_known_ = false; }

  std::optional<Timing> result() const {
    constexpr double kCoarsestClock = 0.0101;  // GIF's ticks, with room for the digits of a double
    if (!is_known_ || frames_ < 2 || last_ <= first_) return {};
    const double unevenness = longest_ - shortest_;
    return Timing{frames_, last_ - first_,
                  unevenness <= kCoarsestClock ? std::max(tick_, unevenness) : tick_};
  }

 private:
  std::int64_t frames_ = 0;
  double first_ = 0.0, last_ = 0.0, shortest_ = 0.0, longest_ = 0.0, tick_ = 0.0;
  bool is_known_ = true;
};

}  // namespace isoframe::metrics
