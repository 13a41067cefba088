#pragma once
// Tests if a machine is fit: runs the same cases over and over, with every rank and link tried in between.

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>

#include "harness/scenario/suite.h"
#include "reports/records/certificate_record.h"

namespace isoframe::harness::qualify {

struct QualifyOptions {
  std::filesystem::path out;  ///< certificate, evidence.json, and the logs of runs that failed
  /// No repetition begins later, but kFewestRepetitions are made.  Unset: that of the session that is
  /// resumed, or kDurationSeconds.
  std::optional<double> duration_seconds;
  bool resume = false;  ///< goes on with what `out` holds
  std::string command;  ///< as the user typed it
  const std::atomic<bool>* interrupted = nullptr;
};
inline constexpr double kDurationSeconds = 600.0;

/// Repeats the suite until the time is up.  Each repetition runs every case once, its ranks' tensors
/// fingerprinted at every probe point, and tries memory, arithmetic and links of the ranks of the largest
/// case.  Leaves certificate and evidence in `out` after each, and returns the last certificate.
///
/// Resumed, time spent before counts, and a disturbed certificate gets as many repetitions as it lacks even
/// if its time is over.
///
/// Throws InputError before anything runs for what a case's checkpoint cannot do, for no case at all, for an
/// `out` that is not empty, or to be resumed holds nothing that these cases can go on with on this machine.
reports::records::Certificate qualify(scenario::Suite suite, const QualifyOptions& options);

/// Returns 0 for fit, 1 for unfit and disturbed, 3 for unfinished.
int exit_code_of(const reports::records::Certificate& certificate);

}  // namespace isoframe::harness::qualify
