#include "harness/run/locator.h"

#include <algorithm>

#include "harness/judge/locked.h"
#include "harness/judge/verdict.h"
#include "harness/run/locate.h"
#include "harness/run/round.h"
#include "harness/worker/numerics.h"

namespace isoframe::harness::run {

namespace records = reports::records;
using scenario::Case;

namespace {

/// Differences that the orders of addition account for, where bits were never promised; or if their bound
/// proves nothing, what rounding to the baseline's dtype does at each place.
LocateTolerance tolerance_of(const Case& spec, const records::CaseResult& result, const Case& baseline,
                             const records::CaseResult& baseline_result, const RunDirectory& directory) {
  const double bound = judge::relative_l2_bound(result, baseline_result);
  if (result.locked && result.locked->exact == "float32")
    return {worker::unit_roundoff_of(baseline), directory.of(baseline) / "latents.safetensors"};
  if (result.locked) return {bound, {}};
  const bool is_near = spec.gates.bounded || scenario::is_foreign(spec) || scenario::is_foreign(baseline);
  return {is_near ? std::min(bound, judge::kProvingBound) : 0.0, {}};
}

}  // namespace

bool Locator::is_wanted(const records::CaseResult& result) const {
  if (options_.is_interrupted()) return false;
  return options_.locate == LocateWhich::kDifferent ||
         (options_.locate == LocateWhich::kFailed && result.verdict == records::Verdict::kFailed);
}

bool Locator::may_run(const Case& spec) const {
  return !scenario::is_foreign(spec) || options_.foreign_cases.contains(spec.name);
}

std::optional<records::FirstDivergence> Locator::operator()(
    const Case& spec, const records::CaseResult& result, const Case* baseline,
    const records::CaseResult* baseline_result) const {
  if (baseline == nullptr || baseline_result == nullptr) return std::nullopt;
  if (!result.quality || result.quality->identical) return std::nullopt;
  if (auto kept = directory_.first_divergence(spec)) return kept;
  if (!is_wanted(result) || !may_run(spec) || !may_run(*baseline)) return std::nullopt;
  const RoundContext context{
      this_program(), {}, options_.interrupted, options_.resident.get(), directory_.noise_for(spec)};
  const LocateTolerance tolerance = tolerance_of(spec, result, *baseline, *baseline_result, directory_);
  const records::FirstDivergence found =
      locate(spec, *baseline, tolerance, directory_.locate_folder(spec), context);
  if (found.reproduced) directory_.keep_first_divergence(spec, found);
  return found;
}

}  // namespace isoframe::harness::run
