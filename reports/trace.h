#pragma once
// trace.json: a run for chrome://tracing and ui.perfetto.dev (Trace Event Format).

#include <string>
#include <vector>

#include "reports/records/stage_event.h"

namespace isoframe::reports {

/// A case and the events of its ranks.
struct CaseEvents {
  std::string name;
  std::vector<std::vector<records::StageEvents>> rounds;  ///< by measured round, then by rank
};

/// A trace with a process for each case and a track for each rank: stages, steps, blocks and tiles are slices
/// with the bytes that the rank's collectives moved during each; a collective
/// ("collective.<group>.<collective>" among the events) is a slice of its own inside them; a counter adds up
/// the bytes sent.  Times are microseconds since the first event.
std::string trace_json(const std::vector<CaseEvents>& cases);

}  // namespace isoframe::reports
