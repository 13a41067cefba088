#pragma once
// junit.xml: a run as CI systems read tests.

#include <string>

#include "reports/records/run_record.h"

namespace isoframe::reports {

/// A test suite with a test case for each case: `failed` and `untrusted` are failures (the run's exit code is
/// 1), `error` is an error, `skipped` is skipped with its reason; a case's time is its median.
std::string junit_report(const records::RunRecord& run);

}  // namespace isoframe::reports
