#pragma once
// Tests if a machine is fit: runs the same cases over and over, with every rank and link tried in between.

#include <atomic>
#include <filesystem>
#include <string>

#include "harness/scenario/suite.h"
#include "reports/records/certificate_record.h"

namespace isoframe::harness::qualify {

struct QualifyOptions {
  std::filesystem::path out;      ///< certificate.json and certificate.md, and the logs of runs that failed
  double duration_seconds = 600;  ///< no repetition begins later, but kFewestRepetitions are made
  std::string command;            ///< as the user typed it
  const std::atomic<bool>* interrupted = nullptr;
};

/// Repeats the suite until the time is up.  Each repetition runs every case once, its ranks' tensors
/// fingerprinted at every probe point, and tries memory, arithmetic and links of the ranks of the largest
/// case.  Leaves the certificate in `out` and returns it.  Throws InputError before anything runs for what a
/// case's checkpoint cannot do, for no case at all, and for an `out` that is not empty.
reports::records::Certificate qualify(scenario::Suite suite, const QualifyOptions& options);

/// Returns 0 for fit, 1 for unfit, 3 for unfinished.
int exit_code_of(const reports::records::Certificate& certificate);

}  // namespace isoframe::harness::qualify
