#pragma once
// An earlier run of the same cases, with which this one is compared.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/judge/against.h"
#include "harness/run/run_directory.h"
#include "harness/scenario/case.h"
#include "reports/records/case_result.h"
#include "reports/records/metrics.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

/// A case beside the same case of an earlier run.
struct Beside {
  std::optional<reports::records::AgainstRow> row;  ///< nothing if the two could not be compared at all
  judge::AgainstJudgement judgement;
};

/// An earlier run, or several: frames and memory are held against the first, times against all that are like
/// this one.
class EarlierRun {
 public:
  /// Reads the run.json of each directory; `environment` and `cases` are this run's.
  EarlierRun(const std::vector<std::filesystem::path>& directories,
             const reports::records::Environment& environment, const std::vector<scenario::Case>& cases);

  /// Differences that make its times and bits incomparable with this run's; empty for a like run.
  const std::vector<std::string>& differences() const { return differences_; }

  /// True if this run's times are worth measuring again: they are comparable, and seem slower or too noisy to
  /// tell.  `baseline` is the baseline's result, null without one.
  bool is_slowdown_undecided(const scenario::Case& spec, const reports::records::CaseResult& result,
                             const reports::records::CaseResult* baseline, judge::ErrorBudget budget) const;

  /// Judges a measured case beside the same case of that run.  A case that the earlier run does not name is
  /// new and passes with a note; one that it names and that cannot be compared (not measured there, its
  /// record or frames missing, asked for or computed otherwise) is untrusted, as is every case if the two
  /// runs have none in common.
  Beside beside(const scenario::Case& spec, const reports::records::CaseResult& result,
                const reports::records::CaseResult* baseline, const RunDirectory& directory,
                judge::ErrorBudget budget) const;

 private:
  /// A further run, whose times count too.
  struct Other {
    std::filesystem::path directory;
    std::vector<std::string> differences;
  };
  /// A case's result in another run, with its baseline's.
  struct OtherResult {
    reports::records::CaseResult result;
    std::optional<reports::records::CaseResult> baseline;
  };

  std::vector<OtherResult> others(const scenario::Case& spec, const reports::records::CaseResult& result,
                                  std::vector<std::string>& notes) const;
  Beside compared(const scenario::Case& spec, const reports::records::CaseResult& result,
                  const reports::records::CaseResult* baseline, const RunDirectory& directory,
                  judge::ErrorBudget budget) const;
  std::string obstacle(const scenario::Case& spec, const reports::records::CaseRow& row,
                       const RunDirectory& directory) const;

  std::filesystem::path directory_;
  reports::records::RunRecord run_;
  std::vector<std::string> differences_;
  std::vector<Other> others_;
  std::string nothing_in_common_;  ///< the sentence that says so, or empty
};

/// The runs in `directories`; nothing where there are none.
std::optional<EarlierRun> earlier_run(const std::vector<std::filesystem::path>& directories,
                                      const reports::records::Environment& environment,
                                      const std::vector<scenario::Case>& cases);

}  // namespace isoframe::harness::run
