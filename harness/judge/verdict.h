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
///
/// `comparisons`: how many latency gates the run has; each is as strict as it takes that all together raise a
/// false alarm in one of a hundred runs.  A latency gate that the noise hides is untrusted.
Judgement judge(const scenario::Case& spec, const nlohmann::json& result, const nlohmann::json& baseline,
                int comparisons = 1);

/// Whether `result` may break its latency gate or is too noisy to tell, so that it is worth measuring again;
/// not where it has none.
bool leaves_doubt(const scenario::Case& spec, const nlohmann::json& result, const nlohmann::json& baseline,
                  int comparisons);

}  // namespace isoframe::harness::judge
