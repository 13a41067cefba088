#include "harness/run/doubt.h"

#include <algorithm>
#include <exception>

#include <fmt/format.h>

#include "harness/judge/verdict.h"
#include "harness/run/measured_result.h"
#include "harness/run/suite_record.h"
#include "harness/scenario/error.h"

namespace isoframe::harness::run {

namespace records = reports::records;
using scenario::Case;

namespace {

bool is_doubtful(const Case& spec, const records::CaseResult& result, const records::CaseResult* baseline,
                 const std::optional<EarlierRun>& earlier, judge::ErrorBudget budget) {
  try {
    return (baseline != nullptr && judge::is_latency_gate_undecided(spec, result, *baseline, budget)) ||
           (earlier && earlier->is_slowdown_undecided(spec, result, baseline, budget));
  } catch (const std::exception&) {
    // Its verdict says what is wrong; measuring again would not mend it.
    return false;
  }
}

}  // namespace

void check_repeats(const std::vector<Case>& cases) {
  for (const Case& spec : cases) {
    const Case* const baseline = case_named(cases, spec.baseline);
    if (!spec.skip_reason.empty() || baseline == nullptr || spec.repeat == baseline->repeat) continue;
    // Fewer are not judged by their time.
    if (std::min(spec.repeat, baseline->repeat) < static_cast<int>(judge::kFewestPairs)) continue;
    scenario::fail_at(
        spec.where,
        fmt::format("repeat {} of '{}' is not its baseline's: '{}' has {}; --against compares times in units "
                    "of the baseline's in the same round, so both need the same, or --repeat for all",
                    spec.repeat, spec.name, baseline->name, baseline->repeat));
  }
}

std::vector<const Case*> cases_in_doubt(const std::vector<Case>& cases, const records::SuiteRecord& suite,
                                        const RunDirectory& directory,
                                        const std::optional<EarlierRun>& earlier) {
  std::vector<const Case*> found;
  const auto add = [&found](const Case* spec) {
    if (spec != nullptr && std::ranges::find(found, spec) == found.end()) found.push_back(spec);
  };
  const judge::ErrorBudget budget = error_budget(cases, earlier.has_value());
  for (const Case& spec : cases) {
    if (!spec.skip_reason.empty() || (!spec.gates.latency_ratio_max && !earlier)) continue;
    const Case* const baseline = case_named(cases, spec.baseline);
    const records::CaseResult result = measured_result(spec, suite, directory);
    std::optional<records::CaseResult> baseline_result;
    if (baseline != nullptr) baseline_result = measured_result(*baseline, suite, directory);
    if (!result.is_measured() || (baseline_result && !baseline_result->is_measured())) continue;
    const records::CaseResult* const beside = baseline_result ? &*baseline_result : nullptr;
    if (!is_doubtful(spec, result, beside, earlier, budget)) continue;
    add(baseline);
    add(&spec);
  }
  return found;
}

}  // namespace isoframe::harness::run
