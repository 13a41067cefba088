#pragma once
// From what was measured and the gates of a case to one verdict with its reason.

#include <string>

#include "harness/judge/latency.h"
#include "harness/scenario/case.h"
#include "reports/records/case_result.h"

namespace isoframe::harness::judge {

namespace records = reports::records;
using records::Verdict;

struct Judgement {
  Verdict verdict = Verdict::kPassed;
  std::string reason;  ///< empty for passed only
};

/// "2 of 5 repetitions differ from the first, PSNR down to 27.8 dB (repetition 3); two modes: 33.7 dB (2) and
/// 27.8 dB (2)"; an empty string if all are identical.
std::string repetition_sentence(const records::CaseResult& result);

/// Verdict of a case from its measurements.  `result` has its `quality` against the baseline, or is a
/// baseline's own with the `quality_self` of its repetitions; `baseline` is null for a baseline.
///
/// Order: what ended in error is error; what cannot be believed (no contrast, NaN, a baseline that failed or
/// any of whose repetitions differs by more than a gate allows) is untrusted; then the gates, all broken ones
/// named; else passed.  A case that a locked run judges (locked.h) has its record in `result`; without it, it
/// is untrusted.
///
/// `budget` is the latency gate's share: it is as strict as it takes for all latency tests of the run
/// together to raise a false alarm in one of a hundred runs.  A latency gate that noise hides is untrusted.
Judgement judge(const scenario::Case& spec, const records::CaseResult& result,
                const records::CaseResult* baseline, ErrorBudget budget = {});

/// True if more measurements can change what the latency gate says: it may be broken and that is not certain
/// yet, or times are too noisy to tell.  False without a latency gate.
bool is_latency_gate_undecided(const scenario::Case& spec, const records::CaseResult& result,
                               const records::CaseResult& baseline, ErrorBudget budget);

}  // namespace isoframe::harness::judge
