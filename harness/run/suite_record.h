#pragma once
// The record that a run begins with, and what follows from it alone.

#include <string>
#include <vector>

#include "harness/judge/latency.h"
#include "harness/run/run_options.h"
#include "harness/scenario/case.h"
#include "harness/scenario/suite.h"
#include "reports/records/case_result.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

/// The record of a run that starts now, on this machine.
reports::records::SuiteRecord begin_suite(const scenario::Suite& suite, const RunOptions& options);

/// The expanded cases, in scenario order.
std::vector<scenario::Case> cases_of(const reports::records::SuiteRecord& suite);

/// The run's environment with what cases add to it: decides whether times and bits of two runs are
/// comparable.
reports::records::Environment environment_of(const reports::records::SuiteRecord& suite,
                                             const std::vector<scenario::Case>& cases);

/// The command line that measures the case alone, with the baseline that it needs, and judges it as `options`
/// do.
std::string command_of(const reports::records::SuiteRecord& suite, const RunOptions& options,
                       const scenario::Case& spec);

/// The case of that name, null without.
const scenario::Case* case_named(const std::vector<scenario::Case>& cases, const std::string& name);

/// The share of one latency test among all of the run: a gate on the baseline's time, and the comparison of
/// each case with an earlier run if there is one.  Cases that are skipped have none.
judge::ErrorBudget error_budget(const std::vector<scenario::Case>& cases, bool is_against);

}  // namespace isoframe::harness::run
