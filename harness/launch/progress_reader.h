#pragma once
// The receiving end of a rank's progress lines.

#include <string_view>
#include <vector>

#include "harness/launch/lines.h"
#include "harness/launch/progress_report.h"

namespace isoframe::harness::launch {

/// Turns bytes into reports; what is not a report is passed over.
class ProgressReader {
 public:
  explicit ProgressReader(int rank) : rank_(rank) {}

  std::vector<Progress> read(std::string_view bytes);

 private:
  int rank_;
  LineReader lines_;
};

}  // namespace isoframe::harness::launch
