#pragma once
// A case's result as its rounds tell it, before it is compared and judged.

#include "harness/run/run_directory.h"
#include "harness/scenario/case.h"
#include "reports/records/case_result.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

/// Reads what the case's rounds left in the run directory, beside what the plan predicts.  A file that is
/// missing or damaged makes the result an error that names it.
reports::records::CaseResult measured_result(const scenario::Case& spec,
                                             const reports::records::SuiteRecord& suite,
                                             const RunDirectory& directory);

}  // namespace isoframe::harness::run
