#pragma once
// Likeness of traces: of the same video, and how far apart that computes them.

#include <string>
#include <vector>

#include "harness/scenario/case.h"
#include "reports/records/trace_record.h"

namespace isoframe::harness::compare {

/// A trace as far as its description goes.
struct Described {
  reports::records::TraceRecord record;
  scenario::Case spec;  ///< the record's
};
/// Throws InputError for a case that is damaged, or has other ranks than the record says.
Described described(reports::records::TraceRecord record);

/// Ways in which the two are different videos, "steps: 2 in A, 4 in B"; empty where they are the same.
/// `any_checkpoint` leaves the checkpoint out.
std::vector<std::string> differing_requests(const Described& a, const Described& b, bool any_checkpoint);

/// Other differences, which may be why the videos differ: settings of the computation, builds, machines.
std::vector<std::string> differing_computations(const Described& a, const Described& b);

/// The relative L2 up to which two sound traces may be apart.
struct TraceTolerance {
  double relative_l2 = 0.0;  ///< 0: every bit is promised
  std::string reason;
};
/// Throws InputError where neither description tells.
TraceTolerance tolerance_between(const Described& a, const Described& b);

}  // namespace isoframe::harness::compare
