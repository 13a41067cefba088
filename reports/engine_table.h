#pragma once
// Engines beside each other: what each needed for the same frames, and how near they are.

#include <string>
#include <vector>

#include "reports/records/run_record.h"

namespace isoframe::reports {

/// A row a case, in the run's order, under the titles; no rows for a run of isoframe alone.
struct EngineTable {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;
  /// Sentences: which of three runs stands alone, where an engine's layout, its single rank and the baseline
  /// are all there.
  std::vector<std::string> sentences;
  /// The facts of each other engine in one line: version, command, what it loaded.
  std::vector<std::string> engines;
};

/// The meaning of its two columns of speed-ups.
inline constexpr const char* kSpeedUps =
    "Own speed-up: against the same engine on one rank. Of isoframe's speed: isoframe's time under the same "
    "layout / the case's.";

EngineTable engine_table(const records::RunRecord& run);

/// True if any case of the run is another engine's.
bool has_other_engines(const records::RunRecord& run);

}  // namespace isoframe::reports
