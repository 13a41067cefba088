#pragma once
// trace.json: a run for chrome://tracing and ui.perfetto.dev (Trace Event Format).

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/records/stage_event.h"

namespace isoframe::reports {

/// Writes a trace piece by piece, so that only a round's events are ever in memory.  It has a process for
/// each case and a track for each rank: stages, steps, blocks and tiles are slices with the bytes that the
/// rank's collectives moved during each; a collective ("collective.<group>.<collective>" among the events) is
/// a slice of its own inside them; a counter adds up the bytes sent.  Times are microseconds since `origin`.
class TraceWriter {
 public:
  using Write = std::function<void(std::string_view)>;

  /// Begins the trace; `origin` is in the unit and of the clock of the events' starts.
  TraceWriter(double origin, Write write);

  /// Begins a case; the rounds that follow are its own.
  void begin_case(const std::string& name);
  /// Adds the events of each rank in a round.
  void add_round(std::size_t round, const std::vector<records::StageEvents>& ranks);
  /// Completes the trace.
  void end();

 private:
  void add(const std::string& event);

  double origin_;
  Write write_;
  bool is_first_ = true;
  int pid_ = 0;
  std::size_t named_ranks_ = 0;  ///< of the case
};

/// The first start of a round's events; infinity without any.
double first_start(const std::vector<records::StageEvents>& ranks);

}  // namespace isoframe::reports
