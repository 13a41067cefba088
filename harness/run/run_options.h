#pragma once
// How a run was asked for.

#include <atomic>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/engine/ranks.h"
#include "reports/records/names.h"

namespace isoframe::harness::run {

/// The cases whose first difference from their baseline is looked for.
enum class LocateWhich { kFailed, kDifferent, kNever };

/// The rounds of each case that trace.json holds.
enum class TracedRounds { kLast, kAll };

struct RunOptions {
  std::filesystem::path out;
  bool is_out_default = false;  ///< another name will do if `out` is taken
  bool resume = false;  ///< rounds that `out` holds and that would come out the same are not run again
  /// Earlier runs' directories: frames and memory are held against the first, times against all.
  std::vector<std::filesystem::path> against;
  /// Subjects that must be judged beside `against`: whatever of it is not makes its case untrusted.
  std::set<reports::records::Subject> required;
  bool allow_skipped = false;     ///< a run in which no case was judged is a success
  std::filesystem::path history;  ///< SQLite file that the run is recorded in; empty for none
  std::string command;            ///< as the user typed it, for the reports
  /// The words of it that decide what is measured: program, scenarios, checkpoint, launcher, repetitions.
  std::vector<std::string> again;
  const std::atomic<bool>* interrupted = nullptr;
  std::shared_ptr<engine::ResidentRanks> resident;  ///< where ranks stay for their next round, if anywhere
  /// Names of the cases of other engines that this command line asks for: only their commands may run.  A run
  /// directory holds others, whose commands come from whoever made it.
  std::set<std::string> foreign_cases = {};
  LocateWhich locate = LocateWhich::kFailed;
  TracedRounds traced = TracedRounds::kLast;

  bool is_interrupted() const { return interrupted != nullptr && *interrupted; }
};

}  // namespace isoframe::harness::run
