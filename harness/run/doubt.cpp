#include "harness/run/doubt.h"

#include <algorithm>

#include "harness/judge/verdict.h"
#include "harness/run/measured_result.h"
#include "harness/run/round_loop.h"
#include "harness/run/suite_record.h"

namespace isoframe::harness::run {

namespace records = reports::records;
using scenario::Case;

std::vector<const Case*> cases_in_doubt(const std::vector<Case>& cases, const records::SuiteRecord& suite,
                                        const RunDirectory& directory,
                                        const std::optional<EarlierRun>& earlier) {
  std::vector<const Case*> found;
  const auto add = [&found](const Case* spec) {
    if (spec != nullptr && std::ranges::find(found, spec) == found.end()) found.push_back(spec);
  };
  const int latency_gates = count_latency_gates(cases);
  for (const Case& spec : cases) {
    if (!spec.skip_reason.empty() || (!spec.gates.latency_ratio_max && !earlier)) continue;
    const Case* const baseline = case_named(cases, spec.baseline);
    // Both sides must have the same number of rounds, since further ones begin at one index.
    if (baseline != nullptr && spec.repeat != rounds_of(*baseline)) continue;
    const records::CaseResult result = measured_result(spec, suite, directory);
    std::optional<records::CaseResult> baseline_result;
    if (baseline != nullptr) baseline_result = measured_result(*baseline, suite, directory);
    if (!result.is_measured() || (baseline_result && !baseline_result->is_measured())) continue;
    const records::CaseResult* const beside = baseline_result ? &*baseline_result : nullptr;
    const bool is_doubtful =
        (beside != nullptr && judge::is_latency_gate_undecided(spec, result, *beside, latency_gates)) ||
        (earlier && earlier->is_slowdown_undecided(spec, result, beside, static_cast<int>(cases.size())));
    if (!is_doubtful) continue;
    add(baseline);
    add(&spec);
  }
  return found;
}

}  // namespace isoframe::harness::run
