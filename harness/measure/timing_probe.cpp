#include "harness/measure/timing_probe.h"

#include <nlohmann/json.hpp>

namespace isoframe::harness::measure {

TimingProbe::TimingProbe(ProgressWriter progress) : progress_(progress) {}

void TimingProbe::begin(model::ProbePoint point) {
  report(point);
  open_.push_back({std::string(point.name), point.index, Clock::now()});
}

void TimingProbe::end(model::ProbePoint) {
  // Stages nest: the one that ends is the one that began last.
  if (open_.empty()) return;
  const Open& last = open_.back();
  times_.push_back(
      {last.stage, last.index, std::chrono::duration<double>(Clock::now() - last.start).count()});
  open_.pop_back();
}

void TimingProbe::clear() { times_.clear(); }

/// Only stages that a person would wait for; blocks come too often.
void TimingProbe::report(model::ProbePoint point) {
  if (point.name == "denoise") {
    steps_ = point.index;
  } else if (point.name == "denoise.step") {
    progress_.write("denoise", point.index, steps_);
  } else if (point.name == "text" || point.name == "decode" || point.name == "decode.tile") {
    progress_.write(point.name, point.index);
  }
}

nlohmann::json TimingProbe::occurrences() const {
  nlohmann::json result = nlohmann::json::object();
  for (const StageTime& time : times_) result[time.stage].push_back(time.seconds);
  return result;
}

nlohmann::json TimingProbe::totals() const {
  nlohmann::json result = nlohmann::json::object();
  for (const StageTime& time : times_) result[time.stage] = result.value(time.stage, 0.0) + time.seconds;
  return result;
}

}  // namespace isoframe::harness::measure
