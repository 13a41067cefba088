#pragma once
// The folder that a comparison leaves its files in.

#include <filesystem>

#include "harness/compare/worst_frames.h"
#include "reports/records/metrics.h"

namespace isoframe::harness::compare {

/// compare.json, report.md and pictures in a folder that may hold other things too.  Only pictures that an
/// earlier comparison's compare.json lists are ever removed from it.
class OutputFolder {
 public:
  /// Makes the folder and tries to write into it.  Throws InputError if that fails.
  explicit OutputFolder(std::filesystem::path path);

  /// Replaces an earlier comparison's files; adds the pictures to `result`.
  void write(reports::records::ComparisonRecord& result, const WorstFrames& worst) const;

 private:
  void remove_earlier_pictures() const;

  std::filesystem::path path_;
};

}  // namespace isoframe::harness::compare
