#pragma once
// A suite from start to reports: rounds interleaved over cases, each measured, all judged, everything kept on
// disk.

#include <atomic>
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/run/locate.h"
#include "harness/scenario/suite.h"

namespace isoframe::harness::run {

struct RunOptions {
  std::filesystem::path out;
  bool resume = false;            ///< rounds that `out` already holds for an unchanged case are not run again
  std::filesystem::path against;  ///< an earlier run's directory; empty for none
  std::filesystem::path history;  ///< SQLite file that the run is recorded in; empty for none
  std::string command;            ///< as the user typed it, for the reports
  const std::atomic<bool>* interrupted = nullptr;
  Locate locate = Locate::kFailed;  ///< for which cases the first difference is looked for
};

/// Throws InputError before anything is loaded when a case asks for what its checkpoint cannot do or the run
/// directory is in use.  Otherwise runs, judges, writes the run directory and returns run.json's content.
nlohmann::json run_suite(scenario::Suite suite, const RunOptions& options);

/// Judges again what `directory` holds and writes its reports.  Throws InputError when it is no run
/// directory.
nlohmann::json report_run(const std::filesystem::path& directory, const std::filesystem::path& against);

/// 0 all passed (or skipped), 1 a failed or untrusted case, 3 an error or an interruption.
int exit_code_of(const nlohmann::json& run);

}  // namespace isoframe::harness::run
