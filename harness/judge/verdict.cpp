#include "harness/judge/verdict.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "harness/judge/latency.h"
#include "model/parallel/numerics.h"

namespace isoframe::harness::judge {

using records::CaseResult;
using records::Quality;

namespace {

double relative_l2_of(const CaseResult& result) {
  return result.numerics ? result.numerics->relative_l2 : 0.0;
}

double psnr_of(const Quality& quality) { return quality.psnr.mean; }
double ssim_of(const Quality& quality) { return quality.ssim ? quality.ssim->mean : 0.0; }

std::string db(double psnr) { return std::isinf(psnr) ? "inf" : fmt::format("{:.2f} dB", psnr); }

LatencyJudgement latency_of(const scenario::Case& spec, const CaseResult& result, const CaseResult& baseline,
                            int comparisons) {
  if (!spec.gates.latency_ratio_max) return {};
  return paired_judgement(result.latency.total_seconds, baseline.latency.total_seconds,
                          static_cast<std::size_t>(spec.repeat), *spec.gates.latency_ratio_max, spec.baseline,
                          comparisons);
}

/// The largest rank's; NaN if it was not measured, so that no gate holds.
double peak_tensor(const CaseResult& result) {
  const auto peak = result.peak_tensor_bytes();
  return peak ? static_cast<double>(*peak) : std::numeric_limits<double>::quiet_NaN();
}

/// The gate `bounded` as the gates that it stands for.
scenario::Gates with_bounds(scenario::Gates gates, double relative_l2) {
  const model::parallel::ImageBound image = model::parallel::image_bound(relative_l2);
  gates.relative_l2_max = std::min(gates.relative_l2_max.value_or(relative_l2), relative_l2);
  gates.psnr_min = std::max(gates.psnr_min.value_or(image.psnr_min), image.psnr_min);
  gates.ssim_min = std::max(gates.ssim_min.value_or(image.ssim_min), image.ssim_min);
  return gates;
}

/// Why a baseline's own repetition forbids a gate of this case, or an empty string.
std::string tighter_than_floor(const scenario::Gates& gates, const std::optional<Quality>& floor,
                               const std::string& baseline) {
  if (!floor)
    return fmt::format("baseline '{}' ran only once, so nothing shows that it repeats itself", baseline);
  if (floor->identical) return {};
  const std::string prefix =
      fmt::format("baseline '{}' does not repeat itself (A/A: PSNR {}, SSIM {:.6f}), so no gate can ask for ",
                  baseline, db(psnr_of(*floor)), ssim_of(*floor));
  if (gates.identical) return prefix + "identical frames";
  if (gates.psnr_min && *gates.psnr_min > psnr_of(*floor))
    return prefix + fmt::format("PSNR {}", db(*gates.psnr_min));
  if (gates.ssim_min && *gates.ssim_min > ssim_of(*floor))
    return prefix + fmt::format("SSIM {:.6f}", *gates.ssim_min);
  const metrics::FloatDifference& difference = floor->floats.value();
  if (gates.relative_l2_max && *gates.relative_l2_max < difference.relative_l2)
    return prefix + fmt::format("relative L2 {:.1e}", *gates.relative_l2_max);
  if (gates.max_difference_max && *gates.max_difference_max < difference.max_difference)
    return prefix + fmt::format("difference {:.1e}", *gates.max_difference_max);
  return {};
}

std::vector<std::string> broken_gates(const scenario::Case& spec, const scenario::Gates& gates,
                                      const CaseResult& result, const CaseResult& baseline) {
  const Quality& quality = result.quality.value();
  const metrics::FloatDifference& difference = quality.floats.value();
  std::vector<std::string> broken;
  if (gates.identical && !quality.identical) {
    const auto frame = difference.first_differing_frame;
    const std::string first = frame ? std::to_string(*frame) : "null";
    broken.push_back(
        fmt::format("frames differ from {}: PSNR {} (needs inf), SSIM {:.6f}, largest difference {:.1e}, "
                    "first in frame {}",
                    spec.baseline, db(psnr_of(quality)), ssim_of(quality), difference.max_difference, first));
  }
  if (gates.psnr_min && psnr_of(quality) < *gates.psnr_min)
    broken.push_back(fmt::format("PSNR {} (needs {})", db(psnr_of(quality)), db(*gates.psnr_min)));
  if (gates.ssim_min && ssim_of(quality) < *gates.ssim_min)
    broken.push_back(fmt::format("SSIM {:.6f} (needs {:.6f})", ssim_of(quality), *gates.ssim_min));
  if (gates.relative_l2_max && difference.relative_l2 > *gates.relative_l2_max)
    broken.push_back(
        fmt::format("relative L2 {:.1e} (at most {:.1e})", difference.relative_l2, *gates.relative_l2_max));
  if (gates.max_difference_max && difference.max_difference > *gates.max_difference_max)
    broken.push_back(fmt::format("largest difference {:.1e} (at most {:.1e})", difference.max_difference,
                                 *gates.max_difference_max));
  if (gates.peak_tensor_ratio_max) {
    const double ratio = peak_tensor(result) / peak_tensor(baseline);
    if (!(ratio <= *gates.peak_tensor_ratio_max))
      broken.push_back(fmt::format("its largest rank needs {:.3f}x the tensor memory of {} (at most {:.3f}x)",
                                   ratio, spec.baseline, *gates.peak_tensor_ratio_max));
  }
  return broken;
}

}  // namespace

double relative_l2_bound(const CaseResult& result, const CaseResult& baseline) {
  return std::hypot(relative_l2_of(result), relative_l2_of(baseline));
}

bool is_latency_gate_undecided(const scenario::Case& spec, const CaseResult& result,
                               const CaseResult& baseline, int comparisons) {
  return spec.gates.latency_ratio_max &&
         is_pairing_undecided(result.latency.total_seconds, baseline.latency.total_seconds,
                              static_cast<std::size_t>(spec.repeat), *spec.gates.latency_ratio_max,
                              comparisons);
}

Judgement judge(const scenario::Case& spec, const CaseResult& result, const CaseResult* baseline,
                int comparisons) {
  if (result.status == records::Status::kError)
    return {Verdict::kError, result.error ? result.error->message : "a round failed"};
  if (spec.baseline.empty()) {
    const std::optional<Quality>& own = result.quality_self;
    if (own && !own->trusted) return {Verdict::kUntrusted, own->untrusted_reason};
    if (own && !own->identical)
      return {Verdict::kUntrusted, fmt::format("run twice it gave different frames: PSNR {}, SSIM {:.6f}",
                                               db(psnr_of(*own)), ssim_of(*own))};
    return {};
  }
  if (baseline == nullptr || baseline->status == records::Status::kError) {
    return {Verdict::kUntrusted,
            fmt::format("nothing to compare with: baseline '{}' has no frames", spec.baseline)};
  }
  if (!result.quality) return {Verdict::kError, "its frames could not be compared"};
  if (!result.quality->trusted) return {Verdict::kUntrusted, result.quality->untrusted_reason};
  if (!result.repeats_identically.value_or(true))
    return {Verdict::kUntrusted, "its own repetitions gave different frames"};
  const scenario::Gates gates =
      spec.gates.bounded ? with_bounds(spec.gates, relative_l2_bound(result, *baseline)) : spec.gates;
  const std::string floor = tighter_than_floor(gates, baseline->quality_self, spec.baseline);
  if (!floor.empty()) return {Verdict::kUntrusted, floor};
  std::vector<std::string> broken = broken_gates(spec, gates, result, *baseline);
  const LatencyJudgement latency = latency_of(spec, result, *baseline, comparisons);
  if (latency.outcome == LatencyOutcome::kBroken) broken.push_back(latency.reason);
  if (broken.empty() && latency.outcome == LatencyOutcome::kUnsure)
    return {Verdict::kUntrusted, latency.reason};
  if (broken.empty()) return {};
  return {Verdict::kFailed, fmt::format("{}", fmt::join(broken, "; "))};
}

}  // namespace isoframe::harness::judge
