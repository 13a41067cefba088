#include "harness/judge/against.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/judge/latency.h"

namespace isoframe::harness::judge {

namespace {

using nlohmann::json;

std::vector<double> times(const json& result) {
  return result.at("latency").at("total_seconds").get<std::vector<double>>();
}

/// Times of the case, in units of its baseline's in the same round where it has one.
std::vector<double> relative_times(const Side& side) {
  std::vector<double> own = times(side.result);
  if (side.baseline.is_null()) return own;
  const std::vector<double> reference = times(side.baseline);
  own.resize(std::min(own.size(), reference.size()));
  for (std::size_t i = 0; i < own.size(); ++i) own[i] /= reference[i];
  return own;
}

double peak_tensor_bytes(const json& result) {
  double peak = 0.0;
  for (const json& rank : result.at("ranks"))
    peak = std::max(peak, rank.at("peak_tensor_bytes").get<double>());
  return peak;
}

/// Infinity is written as text.
double number(const json& value) { return value.is_string() ? HUGE_VAL : value.get<double>(); }

std::string psnr_text(const json& value) {
  return value.is_string() ? "inf" : fmt::format("{:.2f} dB", value.get<double>());
}

std::string judge_frames(const json& quality, const json& result, bool alike) {
  const json& psnr = quality.at("psnr").at("mean");
  const double difference = number(quality.at("float").at("relative_l2"));
  const std::string seen = fmt::format("frames differ from the earlier run's: PSNR {}, relative L2 {:.1e}",
                                       psnr_text(psnr), difference);
  if (!alike)
    return number(psnr) < kAgainstPsnr ? seen + fmt::format(" (PSNR at least {} dB)", kAgainstPsnr) : "";
  if (quality.at("identical").get<bool>()) return {};
  if (result.value("/numerics/class"_json_pointer, "identical") != "bounded")
    return seen + " (same machine and settings, so they must be identical)";
  const double bound = result.at("numerics").at("relative_l2").get<double>();
  return difference > bound ? seen + fmt::format(" (at most {:.1e})", bound) : "";
}

std::string judge_memory(const json& now, const json& then) {
  const double added = peak_tensor_bytes(now) - peak_tensor_bytes(then);
  if (added <= kAgainstMemoryBytes) return {};
  return fmt::format("its largest rank needs {:.1f} MiB more tensor memory than in the earlier run",
                     added / (1024.0 * 1024.0));
}

LatencyJudgement judge_times(const Side& now, const Side& then, int comparisons) {
  const std::vector<double> current = relative_times(now), earlier = relative_times(then);
  if (std::min(current.size(), earlier.size()) < kFewestPairs)
    return {};  // the report shows the ratio all the same
  return judge_ratio(metrics::unpaired_ratio_interval(current, earlier, confidence_for(comparisons)),
                     kAgainstLatency, "the earlier run");
}

}  // namespace

std::vector<std::string> unlike(const json& environment, const json& earlier) {
  std::vector<std::string> differences;
  for (const char* key :
       {"cpu", "cores", "isa", "memory_bytes", "libtorch", "build_type", "threads_per_rank", "device"}) {
    const json now = environment.value(key, json()), then = earlier.value(key, json());
    if (now != then) differences.push_back(fmt::format("{}: {} then, {} now", key, then.dump(), now.dump()));
  }
  return differences;
}

Judgement judge_against(const Side& now, const Side& then, const json& quality,
                        const std::vector<std::string>& differences, int comparisons) {
  const bool alike = differences.empty();
  std::vector<std::string> broken;
  const auto note = [&broken](std::string reason) {
    if (!reason.empty()) broken.push_back(std::move(reason));
  };
  if (!quality.is_null()) note(judge_frames(quality, now.result, alike));
  LatencyJudgement latency;
  if (alike) {
    note(judge_memory(now.result, then.result));
    latency = judge_times(now, then, comparisons);
    if (latency.outcome == LatencyOutcome::kBroken) note(latency.reason);
  }
  if (!broken.empty()) return {Verdict::kFailed, fmt::format("{}", fmt::join(broken, "; "))};
  if (latency.outcome == LatencyOutcome::kUnsure) return {Verdict::kUntrusted, latency.reason};
  return {};
}

}  // namespace isoframe::harness::judge
