#include "harness/run/locator.h"

#include <algorithm>

#include "harness/judge/locked.h"
#include "harness/judge/verdict.h"
#include "harness/run/locate.h"
#include "harness/run/round.h"

namespace isoframe::harness::run {

namespace records = reports::records;
using scenario::Case;

namespace {

/// The relative L2 up to which a probe point counts as equal: what the orders of addition account for, where
/// bits were never promised, or where that proves nothing what the baseline's own dtype does.
double tolerance_of(const Case& spec, const records::CaseResult& result,
                    const records::CaseResult& baseline) {
  if (result.locked)
    return judge::locked_tolerance(*result.locked, judge::locked_bounds(spec, result, baseline));
  return spec.gates.bounded ? std::min(judge::relative_l2_bound(result, baseline), judge::kProvingBound) : 0.0;
}

}  // namespace

bool Locator::is_wanted(const records::CaseResult& result) const {
  if (options_.is_interrupted()) return false;
  return options_.locate == LocateWhich::kDifferent ||
         (options_.locate == LocateWhich::kFailed && result.verdict == records::Verdict::kFailed);
}

std::optional<records::FirstDivergence> Locator::operator()(
    const Case& spec, const records::CaseResult& result, const Case* baseline,
    const records::CaseResult* baseline_result) const {
  if (baseline == nullptr || baseline_result == nullptr) return std::nullopt;
  if (!result.quality || result.quality->identical) return std::nullopt;
  if (auto kept = directory_.first_divergence(spec)) return kept;
  if (!is_wanted(result)) return std::nullopt;
  const RoundContext context{this_program(), {}, options_.interrupted};
  const records::FirstDivergence found = locate(spec, *baseline, tolerance_of(spec, result, *baseline_result),
                                                directory_.locate_folder(spec), context);
  if (found.reproduced) directory_.keep_first_divergence(spec, found);
  return found;
}

}  // namespace isoframe::harness::run
