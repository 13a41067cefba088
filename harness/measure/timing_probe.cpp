#include "harness/measure/timing_probe.h"

#include <algorithm>

#include <fmt/format.h>

#include "reports/records/stages.h"

namespace isoframe::harness::measure {

namespace {

using reports::records::is_stage;
using reports::records::StageKind;

double seconds(std::chrono::duration<double> duration) { return duration.count(); }

Moved difference(const Moved& later, const Moved& earlier) {
  return {later.bytes_sent - earlier.bytes_sent, later.bytes_received - earlier.bytes_received,
          later.seconds - earlier.seconds};
}

}  // namespace

TimingProbe::TimingProbe(launch::ProgressWriter progress, std::function<Moved()> moved,
                         std::function<Moment()> clock)
    : progress_(std::move(progress)), moved_(std::move(moved)), clock_(std::move(clock)) {}

TimingProbe::Moment TimingProbe::now() const {
  if (clock_) return clock_();
  return [time = Clock::now()] { return time; };
}

void TimingProbe::begin(model::ProbePoint point) {
  report(point);
  open_.push_back({std::string(point.name), point.index, now(), moved_now(), cpu_now(point.name)});
  part_ = open_.back();
}

void TimingProbe::end(model::ProbePoint) {
  // Stages nest: the one that ends is the one that began last.
  if (open_.empty()) return;
  record(open_.back());
  open_.pop_back();
}

void TimingProbe::tensor(model::ProbePoint point, const at::Tensor&) {
  if (point.name.starts_with("transformer_blocks.attn")) return;
  // A block shows only its result, so it is taken to begin when the tensor before it was shown.
  if (point.name == "transformer_blocks") {
    part_.stage = point.name;
    part_.index = point.index;
    record(part_);
  }
  part_.start = now();
  part_.moved = moved_now();
}

void TimingProbe::collective(std::string_view group, std::string_view name, Clock::time_point start,
                             const Moved& moved) {
  collectives_.push_back(
      {fmt::format("collective.{}.{}", group, name), -1, since_epoch(start), moved.seconds, moved});
}

double TimingProbe::since_epoch(Clock::time_point time) const {
  return seconds(wall_origin_.time_since_epoch()) + seconds(time - origin_);
}

void TimingProbe::record(const Open& open) {
  ended_.push_back({open, now(), moved_now(), cpu_now(open.stage)});
}

std::vector<StageTime> TimingProbe::times() const {
  std::vector<StageTime> result;
  for (const Ended& ended : ended_) {
    const Clock::time_point start = ended.from.start(), end = ended.end();
    result.push_back({ended.from.stage, ended.from.index, since_epoch(start), seconds(end - start),
                      difference(ended.moved, ended.from.moved)});
  }
  return result;
}

void TimingProbe::clear() {
  ended_.clear();
  collectives_.clear();
}

/// Reads the thread's clock, which is a call into the kernel, for outer stages only.
ThreadClock::time_point TimingProbe::cpu_now(std::string_view stage) const {
  return reports::records::is_outer_stage(stage) ? ThreadClock::now() : ThreadClock::time_point();
}

/// Reports stages that a person would wait for; blocks come too often.
void TimingProbe::report(model::ProbePoint point) {
  if (point.name == "denoise") {
    steps_ = point.index;
  } else if (is_stage(point.name, StageKind::kStep)) {
    progress_.write(reports::records::whole_of(point.name), point.index, steps_);
  } else if (reports::records::is_outer_stage(point.name) || is_stage(point.name, StageKind::kTile)) {
    progress_.write(point.name, point.index);
  }
}

std::map<std::string, std::vector<double>> TimingProbe::occurrences() const {
  std::map<std::string, std::vector<double>> result;
  for (const StageTime& time : times()) result[time.stage].push_back(time.seconds);
  return result;
}

reports::records::StageEvents TimingProbe::events() const {
  reports::records::StageEvents events;
  const std::vector<StageTime> stages = times();
  for (const std::vector<StageTime>* part : {&stages, &collectives_})
    for (const StageTime& time : *part)
      events.push_back({.stage = time.stage,
                        .index = time.index,
                        .start = time.start,
                        .seconds = time.seconds,
                        .bytes_sent = time.moved.bytes_sent,
                        .bytes_received = time.moved.bytes_received,
                        .seconds_in_collectives = time.moved.seconds});
  return events;
}

std::map<std::string, double> TimingProbe::busy() const {
  std::map<std::string, double> result;
  for (const Ended& ended : ended_) {
    const std::string& stage = ended.from.stage;
    if (!reports::records::is_outer_stage(stage)) continue;
    const double busy =
        clock_ ? seconds(ended.end() - ended.from.start()) - difference(ended.moved, ended.from.moved).seconds
               : seconds(ended.cpu - ended.from.cpu);
    result[stage] += std::max(busy, 0.0);  // the device's clock and the host's are two
  }
  return result;
}

}  // namespace isoframe::harness::measure
