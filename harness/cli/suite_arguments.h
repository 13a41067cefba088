#pragma once
// Which cases a command runs, and with what: `run` and `qualify` take the same.

#include <string>
#include <vector>

#include "harness/scenario/case.h"

namespace CLI {
class App;
}

namespace isoframe::harness::cli {

struct SuiteArguments {
  std::vector<std::string> files;
  std::string filter, checkpoint, launcher;
  int repeat = 0;  ///< 0: the scenarios' own

  /// Hangs scenario files, --filter, --checkpoint and --launcher below `command`, which must not outlive
  /// this.
  void add_to(CLI::App& command);
  scenario::Suite load() const;
};

}  // namespace isoframe::harness::cli
