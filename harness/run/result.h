#pragma once
// From the records that ranks left to a case's result, and from results to the rows of run.json.

#include <optional>
#include <string>
#include <vector>

#include "harness/scenario/case.h"
#include "reports/records/case_result.h"
#include "reports/records/rank.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

/// The ranks' records of one measured round, in order.
using RoundRecords = std::vector<reports::records::RankRecord>;

/// Folds the records of all measured rounds into a result, without command, quality and verdict.  `error` is
/// set if a round failed; `environment` is the run's.
reports::records::CaseResult assemble_result(const scenario::Case& spec,
                                             const std::vector<RoundRecords>& rounds,
                                             const std::optional<reports::records::Failure>& error,
                                             const reports::records::Environment& environment);

/// The case's row in run.json.  `baseline` is its baseline's result, null without one.
reports::records::CaseRow summary_row(const scenario::Case& spec, const reports::records::CaseResult& result,
                                      const reports::records::CaseResult* baseline);

}  // namespace isoframe::harness::run
