#pragma once
// Decides for which cases the first difference from the baseline is looked for, and keeps what is found.

#include <optional>

#include "harness/run/run_directory.h"
#include "harness/run/run_options.h"
#include "harness/scenario/case.h"
#include "reports/records/case_result.h"
#include "reports/records/divergence.h"

namespace isoframe::harness::run {

class Locator {
 public:
  Locator(const RunDirectory& directory, const RunOptions& options)
      : directory_(directory), options_(options) {}

  /// The first divergence of a judged case: the one that an earlier call has kept, or a new one if the
  /// options ask for it.  Nothing where frames are equal.  `baseline` may be null.
  std::optional<reports::records::FirstDivergence> operator()(
      const scenario::Case& spec, const reports::records::CaseResult& result, const scenario::Case* baseline,
      const reports::records::CaseResult* baseline_result) const;

 private:
  bool is_wanted(const reports::records::CaseResult& result) const;
  /// True unless another engine runs the case, whose command this command line does not ask for.
  bool may_run(const scenario::Case& spec) const;

  const RunDirectory& directory_;
  const RunOptions& options_;
};

}  // namespace isoframe::harness::run
