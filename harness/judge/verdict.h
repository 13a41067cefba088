#pragma once
// From what was measured and the gates of a case to one verdict with its reason.

#include <string>

#include <nlohmann/json.hpp>

#include "harness/scenario/case.h"

namespace isoframe::harness::judge {

enum class Verdict { kPassed, kFailed, kUntrusted, kSkipped, kError };
std::string to_string(Verdict verdict);

struct Judgement {
  Verdict verdict = Verdict::kPassed;
  std::string reason;  ///< empty for passed only
};

/// What the two orders of addition account for, together: hypot of the results' `numerics.relative_l2`.
double relative_l2_bound(const nlohmann::json& result, const nlohmann::json& baseline);

/// `result` is the case's result.json with its measurements and `quality` (against the baseline) or
/// `quality_self` (a baseline's second run against its first); `baseline` the baseline's result.json, null
/// for a baseline.
///
/// Order: what ended in error is error; what cannot be believed (no contrast, NaN, a baseline that failed or
/// does not repeat itself as exactly as a gate asks) is untrusted; then the gates, all broken ones named;
/// else passed.
Judgement judge(const scenario::Case& value, const nlohmann::json& result, const nlohmann::json& baseline);

}  // namespace isoframe::harness::judge
