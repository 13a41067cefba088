#pragma once
// The arguments that `run` and `qualify` share: which cases to run, and with what.

#include <optional>
#include <string>
#include <vector>

#include "harness/scenario/suite.h"

namespace CLI {
class App;
}

namespace isoframe::harness::cli {

struct SuiteArguments {
  std::vector<std::string> files;
  std::string filter, checkpoint, variant, device, launcher;
  std::optional<int> repeat;  ///< each case keeps its own if unset

  /// Adds scenario files, --filter, --checkpoint, --variant, --device and --launcher to `command`, which
  /// must not outlive this object.
  void add_to(CLI::App& command, bool needs_scenario = true);
  scenario::Suite load() const;
  /// The arguments that make load() find the same cases, but for --filter.
  std::vector<std::string> words() const;
};

}  // namespace isoframe::harness::cli
