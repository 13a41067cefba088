#pragma once
// The receiving end of a rank's progress lines.

#include <string>
#include <string_view>
#include <vector>

#include "harness/launch/progress_report.h"

namespace isoframe::harness::launch {

/// Turns bytes into reports.  Lines may arrive in pieces; what is not a report is passed over: a rank may be
/// any program.
class ProgressReader {
 public:
  explicit ProgressReader(int rank) : rank_(rank) {}

  std::vector<Progress> read(std::string_view bytes);

 private:
  int rank_;
  std::string partial_;
};

}  // namespace isoframe::harness::launch
