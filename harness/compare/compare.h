#pragma once
// The comparison of two videos: are they the same, and if not, where and by how much do they differ?

#include <filesystem>

#include "harness/scenario/gates.h"
#include "reports/records/metrics.h"

namespace isoframe::harness::compare {

struct CompareOptions {
  std::filesystem::path reference;
  std::filesystem::path candidate;
  std::filesystem::path out;  ///< compare.json, report.md and heat maps go there; empty for none
  bool any_rate = false;      ///< compares frame by frame even if the frame rates differ
  /// Those on frames count; any of them takes the place of "equal after 8 bits".
  scenario::Gates gates = {};
};

/// Compares two videos in one pass, with a few frames in memory; writes files if `out` is given.  Throws
/// InputError if a side cannot be read, the two differ in size, length or rate, or `out` is unusable, which
/// is found before anything is compared.
reports::records::ComparisonRecord compare(const CompareOptions& options);

}  // namespace isoframe::harness::compare
