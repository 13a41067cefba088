#include "harness/judge/verdict.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "harness/judge/latency.h"
#include "model/parallel/numerics.h"

namespace isoframe::harness::judge {

std::string to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "passed";
    case Verdict::kFailed:
      return "failed";
    case Verdict::kUntrusted:
      return "untrusted";
    case Verdict::kSkipped:
      return "skipped";
    case Verdict::kError:
      return "error";
  }
  return "error";
}

double relative_l2_bound(const nlohmann::json& result, const nlohmann::json& baseline) {
  return std::hypot(result.at("numerics").at("relative_l2").get<double>(),
                    baseline.at("numerics").at("relative_l2").get<double>());
}

namespace {

/// A number as the schema writes it: "inf" stands for infinity.
double number(const nlohmann::json& value) {
  return value.is_string() ? std::numeric_limits<double>::infinity() : value.get<double>();
}

double psnr_of(const nlohmann::json& quality) { return number(quality.at("psnr").at("mean")); }
double ssim_of(const nlohmann::json& quality) { return quality.at("ssim").at("mean").get<double>(); }

std::string db(double psnr) { return std::isinf(psnr) ? "inf" : fmt::format("{:.2f} dB", psnr); }

std::vector<double> total_seconds(const nlohmann::json& result) {
  return result.at("latency").at("total_seconds").get<std::vector<double>>();
}

LatencyJudgement latency_of(const scenario::Case& spec, const nlohmann::json& result,
                            const nlohmann::json& baseline, int comparisons) {
  if (!spec.gates.latency_ratio_max) return {};
  return judge_latency(total_seconds(result), total_seconds(baseline), static_cast<std::size_t>(spec.repeat),
                       *spec.gates.latency_ratio_max, spec.baseline, comparisons);
}

double peak_tensor(const nlohmann::json& result) {
  double peak = 0.0;
  for (const auto& rank : result.at("ranks"))
    peak = std::max(peak, rank.at("peak_tensor_bytes").get<double>());
  return peak;
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
std::string tighter_than_floor(const scenario::Gates& gates, const nlohmann::json& floor,
                               const std::string& baseline) {
  if (floor.is_null())
    return fmt::format("baseline '{}' ran only once, so nothing shows that it repeats itself", baseline);
  if (floor.at("identical").get<bool>()) return {};
  const std::string prefix =
      fmt::format("baseline '{}' does not repeat itself (A/A: PSNR {}, SSIM {:.6f}), so no gate can ask for ",
                  baseline, db(psnr_of(floor)), ssim_of(floor));
  if (gates.identical) return prefix + "identical frames";
  if (gates.psnr_min && *gates.psnr_min > psnr_of(floor))
    return prefix + fmt::format("PSNR {}", db(*gates.psnr_min));
  if (gates.ssim_min && *gates.ssim_min > ssim_of(floor))
    return prefix + fmt::format("SSIM {:.6f}", *gates.ssim_min);
  const nlohmann::json& difference = floor.at("float");
  if (gates.relative_l2_max && *gates.relative_l2_max < number(difference.at("relative_l2")))
    return prefix + fmt::format("relative L2 {:.1e}", *gates.relative_l2_max);
  if (gates.max_difference_max && *gates.max_difference_max < number(difference.at("max_difference")))
    return prefix + fmt::format("difference {:.1e}", *gates.max_difference_max);
  return {};
}

std::vector<std::string> broken_gates(const scenario::Case& spec, const scenario::Gates& gates,
                                      const nlohmann::json& result, const nlohmann::json& baseline) {
  const nlohmann::json& quality = result.at("quality");
  const nlohmann::json& difference = quality.at("float");
  std::vector<std::string> broken;
  if (gates.identical && !quality.at("identical").get<bool>()) {
    broken.push_back(
        fmt::format("frames differ from {}: PSNR {} (needs inf), SSIM {:.6f}, largest difference {:.1e}, "
                    "first in frame {}",
                    spec.baseline, db(psnr_of(quality)), ssim_of(quality),
                    number(difference.at("max_difference")), difference.at("first_differing_frame").dump()));
  }
  if (gates.psnr_min && psnr_of(quality) < *gates.psnr_min)
    broken.push_back(fmt::format("PSNR {} (needs {})", db(psnr_of(quality)), db(*gates.psnr_min)));
  if (gates.ssim_min && ssim_of(quality) < *gates.ssim_min)
    broken.push_back(fmt::format("SSIM {:.6f} (needs {:.6f})", ssim_of(quality), *gates.ssim_min));
  if (gates.relative_l2_max && number(difference.at("relative_l2")) > *gates.relative_l2_max)
    broken.push_back(fmt::format("relative L2 {:.1e} (at most {:.1e})", number(difference.at("relative_l2")),
                                 *gates.relative_l2_max));
  if (gates.max_difference_max && number(difference.at("max_difference")) > *gates.max_difference_max)
    broken.push_back(fmt::format("largest difference {:.1e} (at most {:.1e})",
                                 number(difference.at("max_difference")), *gates.max_difference_max));
  if (gates.peak_tensor_ratio_max) {
    const double ratio = peak_tensor(result) / peak_tensor(baseline);
    if (ratio > *gates.peak_tensor_ratio_max)
      broken.push_back(fmt::format("its largest rank needs {:.3f}x the tensor memory of {} (at most {:.3f}x)",
                                   ratio, spec.baseline, *gates.peak_tensor_ratio_max));
  }
  return broken;
}

}  // namespace

bool leaves_doubt(const scenario::Case& spec, const nlohmann::json& result, const nlohmann::json& baseline,
                  int comparisons) {
  return spec.gates.latency_ratio_max &&
         leaves_doubt(total_seconds(result), total_seconds(baseline), static_cast<std::size_t>(spec.repeat),
                      *spec.gates.latency_ratio_max, comparisons);
}

Judgement judge(const scenario::Case& spec, const nlohmann::json& result, const nlohmann::json& baseline,
                int comparisons) {
  if (result.at("status") == "error") {
    return {Verdict::kError, result.at("error").at("message").get<std::string>()};
  }
  if (spec.baseline.empty()) {
    const nlohmann::json own = result.value("quality_self", nlohmann::json());
    if (!own.is_null() && !own.at("trusted").get<bool>())
      return {Verdict::kUntrusted, own.at("untrusted_reason").get<std::string>()};
    if (!own.is_null() && !own.at("identical").get<bool>())
      return {Verdict::kUntrusted, fmt::format("run twice it gave different frames: PSNR {}, SSIM {:.6f}",
                                               db(psnr_of(own)), ssim_of(own))};
    return {};
  }
  if (baseline.is_null() || baseline.at("status") == "error") {
    return {Verdict::kUntrusted,
            fmt::format("nothing to compare with: baseline '{}' has no frames", spec.baseline)};
  }
  const nlohmann::json quality = result.value("quality", nlohmann::json());
  if (quality.is_null()) return {Verdict::kError, "its frames could not be compared"};
  if (!quality.at("trusted").get<bool>())
    return {Verdict::kUntrusted, quality.at("untrusted_reason").get<std::string>()};
  if (!result.value("repeats_identically", true))
    return {Verdict::kUntrusted, "its own repetitions gave different frames"};
  const scenario::Gates gates =
      spec.gates.bounded ? with_bounds(spec.gates, relative_l2_bound(result, baseline)) : spec.gates;
  const std::string floor =
      tighter_than_floor(gates, baseline.value("quality_self", nlohmann::json()), spec.baseline);
  if (!floor.empty()) return {Verdict::kUntrusted, floor};
  std::vector<std::string> broken = broken_gates(spec, gates, result, baseline);
  const LatencyJudgement latency = latency_of(spec, result, baseline, comparisons);
  if (latency.outcome == LatencyOutcome::kBroken) broken.push_back(latency.reason);
  if (broken.empty() && latency.outcome == LatencyOutcome::kUnsure)
    return {Verdict::kUntrusted, latency.reason};
  if (broken.empty()) return {};
  return {Verdict::kFailed, fmt::format("{}", fmt::join(broken, "; "))};
}

}  // namespace isoframe::harness::judge
