#pragma once
// The order of rounds in a run.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/launch/progress.h"
#include "harness/run/origins.h"
#include "harness/run/round_result.h"
#include "harness/run/run_directory.h"
#include "harness/run/run_options.h"
#include "harness/scenario/case.h"
#include "reports/records/case_result.h"

namespace isoframe::harness::run {

/// Runs every case once a round, every other round backwards, so that a drift of the machine meets all cases
/// alike.  What has been measured already, with what would be used now, is left as it is.
class RoundLoop {
 public:
  RoundLoop(const std::vector<scenario::Case>& cases, const RunDirectory& directory,
            const RunOptions& options, Origins& origins);

  bool interrupted() const { return options_.is_interrupted(); }
  /// Errors that could not be written down, on a full disk say, by their cases' names.
  const std::map<std::string, reports::records::Failure>& unkept() const { return unkept_; }
  void run();
  /// Measures these cases again, with as many rounds; `measurement` counts from 1.
  void run_again(const std::vector<const scenario::Case*>& order, int measurement);

 private:
  /// Runs round `k` of a measurement, of those cases that have so many.
  void run_round_of(std::vector<const scenario::Case*> order, int measurement, int k);
  void run_one(const scenario::Case& spec, int index);
  RoundResult measure(const scenario::Case& spec, int index, reports::records::Origin origin);
  void keep_error(const scenario::Case& spec, int index, const reports::records::Failure& error);

  const std::vector<scenario::Case>& cases_;
  const RunDirectory& directory_;
  const RunOptions& options_;
  Origins& origins_;
  std::set<std::string> failed_;  ///< names of cases that are not run any more
  std::map<std::string, reports::records::Failure> unkept_;
  launch::ProgressLine progress_;
};

}  // namespace isoframe::harness::run
