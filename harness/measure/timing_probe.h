#pragma once
// How long each stage took on this rank, and where this rank is.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/launch/progress_writer.h"
#include "harness/measure/thread_clock.h"
#include "model/probe.h"
#include "reports/records/stage_event.h"

namespace isoframe::harness::measure {

/// Bytes that this rank has moved so far, and the time that took; a stage is given what was added during it.
struct Moved {
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  double seconds = 0.0;  ///< inside collectives, waiting included
};

/// One begin() with its end(), a part of a stage that ended with a tensor (a transformer block), or a
/// collective.
struct StageTime {
  std::string stage;
  std::int64_t index = -1;  ///< as the model gave it: the step, the tile, the block, -1
  double start = 0.0;       ///< seconds since 1970; on one machine the same for all ranks
  double seconds = 0.0;     ///< by the steady clock; stages nest, so do their times
  Moved moved;
};

/// Times stages, blocks and collectives.  For one thread: a rank's.  Costs two clock readings and one record
/// a stage or block, a record a collective.
class TimingProbe : public model::Probe {
 public:
  using Clock = std::chrono::steady_clock;

  /// A time that may be known only later: when an accelerator gets to what it was asked for so far.
  using Moment = std::function<Clock::time_point()>;

  /// `moved` counts from any origin and never falls; without it nothing moves.  `clock` marks the moments at
  /// which stages begin and end, which are read when results are asked for; without it they are those of the
  /// calls, as on a CPU.
  explicit TimingProbe(launch::ProgressWriter progress = {}, std::function<Moved()> moved = {},
                       std::function<Moment()> clock = {});

  void begin(model::ProbePoint point) override;
  void end(model::ProbePoint point) override;
  void tensor(model::ProbePoint point, const at::Tensor& value) override;

  /// Records a collective of a group of ranks that has ended: "ulysses", "all_to_all"; `moved` by it alone.
  void collective(std::string_view group, std::string_view name, Clock::time_point start, const Moved& moved);

  /// Stages and blocks, in the order in which they ended.
  std::vector<StageTime> times() const;
  /// Forgets what was measured, such as a warm-up; not to be called within a stage.
  void clear();

  /// The seconds of every occurrence of each stage, in order.
  std::map<std::string, std::vector<double>> occurrences() const;
  /// Seconds that each outer stage took of this rank alone, without its waiting for others.  On a CPU the
  /// time that the processor spent on this thread; with a clock of an accelerator the time outside
  /// collectives.
  std::map<std::string, double> busy() const;
  /// Stages and blocks in the order in which they ended, then collectives, "collective.ulysses.all_to_all",
  /// in theirs: what trace.json is made of.
  reports::records::StageEvents events() const;

 private:
  struct Open {
    std::string stage;
    std::int64_t index;
    Moment start;
    Moved moved;
    ThreadClock::time_point cpu;  ///< of outer stages
  };
  struct Ended {
    Open from;
    Moment end;
    Moved moved;
    ThreadClock::time_point cpu;
  };

  Moment now() const;
  ThreadClock::time_point cpu_now(std::string_view stage) const;
  Moved moved_now() const { return moved_ ? moved_() : Moved{}; }
  double since_epoch(Clock::time_point time) const;
  void record(const Open& open);

  void report(model::ProbePoint point);

  launch::ProgressWriter progress_;
  std::function<Moved()> moved_;
  std::function<Moment()> clock_;
  std::chrono::system_clock::time_point wall_origin_ = std::chrono::system_clock::now();
  Clock::time_point origin_ = Clock::now();
  std::vector<Open> open_;
  Open part_{};  ///< began when the last stage began or the last tensor was shown
  std::vector<Ended> ended_;
  std::vector<StageTime> collectives_;
  std::int64_t steps_ = -1;  ///< of the current denoising
};

}  // namespace isoframe::harness::measure
