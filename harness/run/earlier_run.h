#pragma once
// An earlier run of the same cases, with which this one is compared.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/run/run_directory.h"
#include "harness/scenario/case.h"
#include "reports/records/case_result.h"
#include "reports/records/metrics.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

class EarlierRun {
 public:
  /// Reads the earlier run's run.json; `environment` is this run's.
  EarlierRun(std::filesystem::path directory, const reports::records::Environment& environment);

  /// Differences that make its times and bits incomparable with this run's; empty for a like run.
  const std::vector<std::string>& differences() const { return differences_; }

  /// True if this run's times are worth measuring again: they are comparable, and seem slower or too noisy to
  /// tell.  `baseline` is the baseline's result, null without one.
  bool is_slowdown_undecided(const scenario::Case& spec, const reports::records::CaseResult& result,
                             const reports::records::CaseResult* baseline, int comparisons) const;

  /// Judges the case beside the same case of that run; nothing where either was not measured.
  std::optional<reports::records::AgainstRow> beside(const scenario::Case& spec,
                                                     const reports::records::CaseResult& result,
                                                     const reports::records::CaseResult* baseline,
                                                     const RunDirectory& directory, int comparisons) const;

 private:
  std::optional<reports::records::CaseResult> measured(const std::string& name) const;
  std::optional<reports::records::Quality> quality(const scenario::Case& spec,
                                                   const RunDirectory& directory) const;

  std::filesystem::path directory_;
  std::vector<std::string> differences_;
};

/// The run in `directory`; nothing where that is empty.
std::optional<EarlierRun> earlier_run(const std::filesystem::path& directory,
                                      const reports::records::Environment& environment);

}  // namespace isoframe::harness::run
