#pragma once
// junit.xml: a run as CI systems read tests.

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace isoframe::reports {

/// `run` is run.json.  One test suite, a test case each: `failed` and `untrusted` are failures (the run's
/// exit code is 1), `error` an error, `skipped` is skipped with its reason; a case's time is its median.
std::string junit_report(const nlohmann::json& run);

}  // namespace isoframe::reports
