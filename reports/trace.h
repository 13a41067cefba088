#pragma once
// trace.json: a run for chrome://tracing and ui.perfetto.dev (Trace Event Format).

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace isoframe::reports {

/// One case: its measured rounds, of each its ranks' events [stage, index, start, seconds, bytes sent, bytes
/// received, seconds in collectives] with `start` in seconds since 1970.
struct CaseEvents {
  std::string name;
  std::vector<std::vector<nlohmann::json>> rounds;
};

/// A process a case, a track a rank: stages, steps, blocks and tiles as slices with the bytes that the rank's
/// collectives moved during each; each collective ("collective.<group>.<collective>" among the events) as a
/// slice of its own inside them; a counter of bytes sent.
/// Times are microseconds since the first event.
std::string trace_json(const std::vector<CaseEvents>& cases);

}  // namespace isoframe::reports
