#include "harness/judge/locked.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace isoframe::harness::judge {

using records::LockedDistance;
using records::LockedRecord;
using records::LockedTensor;

namespace {

double relative_l2_of(const records::CaseResult& result) {
  return result.numerics ? result.numerics->relative_l2 : 0.0;
}

bool is_own_float32(const std::string& exact) { return exact == "baseline"; }

/// The distance as a share of the exact values' RMS; none is 0 even where all of these are.
double relative(double distance, double rms) { return distance == 0.0 ? 0.0 : distance / rms; }

/// "2.41x as far from float32 as the baseline (RMS; at most 1.25x)", or an empty string.
std::string beyond_ratio(double candidate, double baseline, double ratio, const char* what) {
  // Written so that NaN is beyond.
  if (candidate <= ratio * baseline) return {};
  if (baseline == 0.0)
    return fmt::format("is {:.1e} from float32 ({}), which the baseline equals", candidate, what);
  return fmt::format("is {:.2f}x as far from float32 as the baseline ({}; at most {:.3g}x)",
                     candidate / baseline, what, ratio);
}

/// Largest of n normal errors, in units of their RMS, that one of some ten thousand tensors exceeds.
double largest_by_chance(std::int64_t n) { return std::sqrt(2.0 * std::log(1e4 * static_cast<double>(n))); }

/// Largest error that the case may have, in units of the baseline's.  The largest of few values varies more
/// than kLargestRatio allows, and that is no fault.
double largest_ratio(const LockedTensor& tensor) {
  const double by_chance = largest_by_chance(tensor.compared) * tensor.baseline.rms;
  return tensor.baseline.largest > 0.0 ? std::max(kLargestRatio, by_chance / tensor.baseline.largest)
                                       : kLargestRatio;
}

std::string beyond_bound(const LockedTensor& tensor, double bound) {
  const double distance = relative(tensor.candidate.rms, tensor.rms);
  if (distance <= bound) return {};
  return fmt::format("is {:.1e} from the baseline (relative RMS; at most {:.1e})", distance, bound);
}

std::string shifted(const LockedTensor& tensor) {
  const double mean = std::abs(tensor.candidate.mean), rms = tensor.candidate.rms;
  // A baseline's own errors may have a sign, as where a half type rounds one bias the same way everywhere.
  if (mean <= std::max(kMeanOfRms * rms, kRmsRatio * std::abs(tensor.baseline.mean))) return {};
  return fmt::format("has a mean error of {:.2f} of its RMS (at most {})", mean / rms, kMeanOfRms);
}

}  // namespace

double relative_l2_bound(const records::CaseResult& result, const records::CaseResult& baseline) {
  return std::hypot(relative_l2_of(result), relative_l2_of(baseline));
}

bool is_judged_locked(const scenario::Case& spec, double relative_l2_bound) {
  if (spec.baseline.empty() || spec.expected_different) return false;
  return spec.compare_by == "locked" || (spec.gates.bounded && !(relative_l2_bound <= kProvingBound));
}

bool is_judged_locked(const scenario::Case& spec, const records::CaseResult& result,
                      const records::CaseResult& baseline) {
  return is_judged_locked(spec, relative_l2_bound(result, baseline));
}

LockedBounds locked_bounds(const scenario::Case& spec, const records::CaseResult& result,
                           const records::CaseResult& baseline) {
  const double bound = relative_l2_bound(result, baseline);
  return {.of_step = bound / std::sqrt(static_cast<double>(std::max<std::int64_t>(spec.steps, 1))),
          .of_video = bound};
}

std::string broken_limit(const LockedTensor& tensor, const std::string& exact, const LockedBounds& bounds) {
  if (tensor.non_finite_elsewhere > 0)
    return fmt::format("has NaN or infinity in other places than the baseline, {} in all",
                       tensor.non_finite_elsewhere);
  if (tensor.compared == 0) return {};
  if (is_own_float32(exact)) return beyond_bound(tensor, bounds.of_step);
  const LockedDistance &candidate = tensor.candidate, &baseline = tensor.baseline;
  const std::string rms = beyond_ratio(candidate.rms, baseline.rms, kRmsRatio, "RMS");
  // Rounding to the dtype decides the largest error of latents: it doubles where one value is just above a
  // power of two.
  if (!rms.empty() || tensor.tensor == "latents") return rms;
  const std::string largest =
      beyond_ratio(candidate.largest, baseline.largest, largest_ratio(tensor), "largest element");
  return largest.empty() ? shifted(tensor) : largest;
}

void set_limits(LockedRecord& record, const std::optional<records::Quality>& quality,
                const LockedBounds& bounds) {
  for (LockedTensor& tensor : record.tensors) tensor.too_far = broken_limit(tensor, record.exact, bounds);
  if (quality && quality->floats) record.video_relative_l2 = quality->floats->relative_l2;
  record.video_relative_l2_max = video_limit(record, bounds);
}

std::string first_too_far(const LockedRecord& record, const LockedBounds& bounds) {
  const LockedTensor* first = nullptr;
  int others = 0;
  for (const LockedTensor& tensor : record.tensors) {
    if (broken_limit(tensor, record.exact, bounds).empty()) continue;
    others += first != nullptr ? 1 : 0;
    if (first == nullptr) first = &tensor;
  }
  if (first == nullptr) return {};
  const std::string sentence =
      fmt::format("{} {}", first->place(), broken_limit(*first, record.exact, bounds));
  if (others == 0) return sentence;
  return fmt::format("{}, and {} tensor{} after it too", sentence, others, others == 1 ? "" : "s");
}

std::string reason_for_distrust(const LockedRecord& record, const LockedBounds& bounds) {
  if (record.tensors.empty()) return "its locked run compared nothing";
  if (record.unrepeated_step)
    return fmt::format("the baseline does not repeat itself: from the same latents, step {} gives others",
                       *record.unrepeated_step);
  for (const LockedTensor& tensor : record.tensors) {
    if (tensor.compared == 0)
      return fmt::format("{}: no value is finite in the case, the baseline and float32", tensor.place());
    const double distance = relative(tensor.baseline.rms, tensor.rms);
    if (!(distance <= kProvingDistance))
      return fmt::format(
          "{}: the baseline itself is {:.2f} (relative RMS) from float32, so being as near "
          "proves nothing",
          tensor.place(), distance);
  }
  const double limit = video_limit(record, bounds);
  if (limit <= kProvingDistance) return {};
  return fmt::format(
      "the baseline's video and its float32 twin are {:.2f} apart (relative L2), so another "
      "video would be as near; ask for fewer steps",
      limit / kTwinRatio);
}

double video_limit(const LockedRecord& record, const LockedBounds& bounds) {
  return record.twin_relative_l2 ? kTwinRatio * *record.twin_relative_l2 : bounds.of_video;
}

}  // namespace isoframe::harness::judge
