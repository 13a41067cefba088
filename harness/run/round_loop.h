#pragma once
// The order of rounds in a run.

#include <vector>

#include "harness/launch/progress.h"
#include "harness/run/run_directory.h"
#include "harness/run/run_options.h"
#include "harness/scenario/case.h"

namespace isoframe::harness::run {

/// Number of times that a case runs; a baseline at least twice, since what differs between its two runs is
/// the floor under every gate.
int rounds_of(const scenario::Case& spec);

/// Runs every case once a round, every other round backwards, so that a drift of the machine meets all cases
/// alike.  What has been measured already is left as it is.
class RoundLoop {
 public:
  RoundLoop(const std::vector<scenario::Case>& cases, const RunDirectory& directory,
            const RunOptions& options);

  bool interrupted() const { return options_.is_interrupted(); }
  void run();
  /// Measures these cases again, with as many rounds; `measurement` counts from 1.
  void run_again(const std::vector<const scenario::Case*>& order, int measurement);

 private:
  /// Runs round `k` of a measurement, of those cases that have so many.
  void run_round_of(std::vector<const scenario::Case*> order, int measurement, int k);
  void run_one(const scenario::Case& spec, int index);

  const std::vector<scenario::Case>& cases_;
  const RunDirectory& directory_;
  const RunOptions& options_;
  launch::ProgressLine progress_;
};

}  // namespace isoframe::harness::run
