#include "harness/judge/verdict.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "harness/judge/locked.h"
#include "harness/scenario/gates.h"
#include "metrics/two_groups.h"
#include "model/parallel/numerics.h"

namespace isoframe::harness::judge {

using records::CaseResult;
using records::Quality;
using scenario::Gate;

namespace {

double psnr_of(const Quality& quality) { return quality.psnr.mean; }
double ssim_of(const Quality& quality) { return quality.ssim ? quality.ssim->mean : 0.0; }

std::string db(double psnr) { return scenario::decibels(psnr); }

LatencyJudgement latency_of(const scenario::Case& spec, const CaseResult& result, const CaseResult& baseline,
                            ErrorBudget budget) {
  if (!spec.gates.latency_ratio_max) return {};
  return paired_judgement(result.latency.total_seconds, baseline.latency.total_seconds,
                          static_cast<std::size_t>(spec.repeat), *spec.gates.latency_ratio_max, spec.baseline,
                          budget);
}

/// The gate `bounded` as the gates that it stands for.
scenario::Gates with_bounds(scenario::Gates gates, double relative_l2) {
  const model::parallel::ImageBound image = model::parallel::image_bound(relative_l2);
  gates.relative_l2_max = std::min(gates.relative_l2_max.value_or(relative_l2), relative_l2);
  gates.psnr_min = std::max(gates.psnr_min.value_or(image.psnr_min), image.psnr_min);
  gates.ssim_min = std::max(gates.ssim_min.value_or(image.ssim_min), image.ssim_min);
  return gates;
}

/// The gates of a case that a locked run judges: in place of `bounded`, how far its whole video may be.
scenario::Gates with_video_limit(scenario::Gates gates, double limit) {
  gates.bounded = false;
  gates.relative_l2_max = std::min(gates.relative_l2_max.value_or(limit), limit);
  return gates;
}

/// The gates as numbers.
scenario::Gates settled_gates(const scenario::Case& spec, const CaseResult& result,
                              const CaseResult& baseline) {
  if (is_judged_locked(spec, result, baseline))
    return with_video_limit(spec.gates,
                            video_limit(result.locked.value(), locked_bounds(spec, result, baseline)));
  return spec.gates.bounded ? with_bounds(spec.gates, relative_l2_bound(result, baseline)) : spec.gates;
}

/// The number that a gate reads; nothing if it was not measured.  A gate on time has a judgement of its own.
std::optional<double> value_of(const Gate& gate, const CaseResult& result, const CaseResult& baseline) {
  if (gate.of_quality != nullptr) return gate.of_quality(result.quality.value());
  return gate.of_results != nullptr ? gate.of_results(result, baseline) : std::nullopt;
}

/// Calls act(gate, bound) for each gate that is set, but for time.
template <typename Act>
void for_each_gate(const scenario::Gates& gates, const Act& act) {
  for (const Gate& gate : scenario::kGates) {
    if (gate.source != scenario::GateSource::kTime && gates.*gate.bound) act(gate, *(gates.*gate.bound));
  }
}

/// Reason why a baseline's own repetition forbids a gate of this case, or an empty string.
std::string tighter_than_floor(const scenario::Gates& gates, const std::optional<Quality>& floor,
                               const std::string& baseline) {
  if (!floor)
    return fmt::format("baseline '{}' ran only once, so nothing shows that it repeats itself", baseline);
  if (floor->identical) return {};
  std::string tighter = gates.identical ? "identical frames" : "";
  for_each_gate(gates, [&](const Gate& gate, double bound) {
    if (!tighter.empty() || gate.of_quality == nullptr) return;
    const std::optional<double> repeated = gate.of_quality(*floor);
    if (!repeated || is_beyond(gate, *repeated, bound)) tighter = text_of(gate, bound, baseline);
  });
  if (tighter.empty()) return {};
  return fmt::format(
      "baseline '{}' does not repeat itself (A/A: PSNR {}, SSIM {:.6f}), so no gate can ask for {}", baseline,
      db(psnr_of(*floor)), ssim_of(*floor), tighter);
}

/// Which gate reads what was not measured, or an empty string.
std::string not_measured(const scenario::Gates& gates, const CaseResult& result, const CaseResult& baseline) {
  std::string names;
  for_each_gate(gates, [&](const Gate& gate, double /*bound*/) {
    if (!value_of(gate, result, baseline)) names += fmt::format("{}{}", names.empty() ? "" : ", ", gate.name);
  });
  return names.empty() ? "" : fmt::format("nothing was measured for {}", names);
}

std::vector<std::string> broken_gates(const scenario::Case& spec, const scenario::Gates& gates,
                                      const CaseResult& result, const CaseResult& baseline) {
  const Quality& quality = result.quality.value();
  std::vector<std::string> broken;
  if (gates.identical && !quality.identical) {
    const metrics::FloatDifference& difference = quality.floats.value();
    const auto frame = difference.first_differing_frame;
    const std::string first = frame ? std::to_string(*frame) : "null";
    broken.push_back(
        fmt::format("frames differ from {}: PSNR {} (needs inf), SSIM {:.6f}, largest difference {:.1e}, "
                    "first in frame {}",
                    spec.baseline, db(psnr_of(quality)), ssim_of(quality), difference.max_difference, first));
  }
  for_each_gate(gates, [&](const Gate& gate, double bound) {
    const std::optional<double> value = value_of(gate, result, baseline);
    if (value && is_beyond(gate, *value, bound))
      broken.push_back(text_of_broken(gate, *value, bound, spec.baseline));
  });
  return broken;
}

}  // namespace

std::string repetition_sentence(const CaseResult& result) {
  const std::vector<double>& psnr = result.repetition_psnr;
  const std::size_t repetitions = psnr.size() + 1;
  if (result.repeats_identically.value_or(true)) return {};
  // What differs in floats alone has an infinite PSNR, as equal frames have.
  const auto differing = std::ranges::count_if(psnr, [](double value) { return std::isfinite(value); });
  if (differing == 0) return "repetitions differ in floats, none in 8 bits";
  const auto lowest = std::ranges::min_element(psnr);
  std::string sentence =
      fmt::format("{} of {} repetitions differ from the first, PSNR down to {} (repetition {})", differing,
                  repetitions, db(*lowest), lowest - psnr.begin() + 2);
  if (const auto groups = metrics::two_groups(psnr)) {
    sentence += fmt::format("; two modes: {} ({} repetitions) and {} ({})", db(groups->high), groups->of_high,
                            db(groups->low), groups->of_low);
  }
  return sentence;
}

bool is_latency_gate_undecided(const scenario::Case& spec, const CaseResult& result,
                               const CaseResult& baseline, ErrorBudget budget) {
  return spec.gates.latency_ratio_max &&
         is_pairing_undecided(result.latency.total_seconds, baseline.latency.total_seconds,
                              static_cast<std::size_t>(spec.repeat), *spec.gates.latency_ratio_max, budget);
}

Judgement judge(const scenario::Case& spec, const CaseResult& result, const CaseResult* baseline,
                ErrorBudget budget) {
  if (result.status == records::Status::kError)
    return {Verdict::kError, result.error ? result.error->message : "a round failed"};
  if (spec.baseline.empty()) {
    const std::optional<Quality>& own = result.quality_self;
    if (own && !own->trusted) return {Verdict::kUntrusted, own->untrusted_reason};
    if (own && !own->identical)
      return {Verdict::kUntrusted, fmt::format("it does not repeat itself: {}, SSIM down to {:.6f}",
                                               repetition_sentence(result), ssim_of(*own))};
    return {};
  }
  if (baseline == nullptr || baseline->status == records::Status::kError) {
    const bool is_told = baseline != nullptr && baseline->error;
    return {Verdict::kUntrusted,
            fmt::format("nothing to compare with: its baseline '{}' is in error: {}", spec.baseline,
                        is_told ? baseline->error->message : "it was not measured")};
  }
  if (!result.quality) return {Verdict::kError, "its frames could not be compared"};
  if (!result.quality->trusted) return {Verdict::kUntrusted, result.quality->untrusted_reason};
  if (!result.repeats_identically.value_or(true))
    return {Verdict::kUntrusted,
            fmt::format("its own repetitions gave different frames: {}", repetition_sentence(result))};
  const bool is_locked = is_judged_locked(spec, result, *baseline);
  if (is_locked && !result.locked)
    return {Verdict::kUntrusted,
            fmt::format("not compared with '{}' step by step; go on with --resume", spec.baseline)};
  const LockedBounds bounds = locked_bounds(spec, result, *baseline);
  const scenario::Gates gates = settled_gates(spec, result, *baseline);
  const std::string floor = tighter_than_floor(gates, baseline->quality_self, spec.baseline);
  if (!floor.empty()) return {Verdict::kUntrusted, floor};
  const std::string gap = not_measured(gates, result, *baseline);
  if (!gap.empty()) return {Verdict::kUntrusted, gap};
  std::vector<std::string> broken = broken_gates(spec, gates, result, *baseline);
  const std::string too_far = is_locked ? first_too_far(*result.locked, bounds) : "";
  if (!too_far.empty()) broken.insert(broken.begin(), too_far);
  const std::string distrust = is_locked ? reason_for_distrust(*result.locked, bounds) : "";
  if (broken.empty() && !distrust.empty()) return {Verdict::kUntrusted, distrust};
  const LatencyJudgement latency = latency_of(spec, result, *baseline, budget);
  if (latency.outcome == LatencyOutcome::kBroken) broken.push_back(latency.reason);
  if (broken.empty() && latency.outcome == LatencyOutcome::kUnsure)
    return {Verdict::kUntrusted, latency.reason};
  if (broken.empty()) return {};
  return {Verdict::kFailed, fmt::format("{}", fmt::join(broken, "; "))};
}

}  // namespace isoframe::harness::judge
