#include "harness/judge/against.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/units.h"

namespace isoframe::harness::judge {

namespace {

using nlohmann::json;

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
  std::vector<std::string> broken;
  const double added = peak_tensor_bytes(now) - peak_tensor_bytes(then);
  if (added > kAgainstMemoryBytes)
    broken.push_back(
        fmt::format("its largest rank needs {:.1f} MiB more tensor memory than in the earlier run",
                    added / base::kMebibyte));
  const auto kept =
      first_kept(now.at("ranks"), then.at("ranks"), static_cast<std::int64_t>(kAgainstMemoryBytes));
  if (kept) broken.push_back(sentence(*kept));
  return fmt::format("{}", fmt::join(broken, "; "));
}

/// Of the whole case, and of its places together.
Share half_of(int comparisons) { return {0.5, comparisons}; }

std::optional<Repeated> whole_times(const Side& now, const Side& then) {
  return unpaired(now, relative_times(now), relative_times(then));
}

/// Whether what the ranks did says that it is no slower, where the whole time, in which waiting is, only
/// leaves that open.
bool is_told_by_work(const Side& now, const Side& then, const Repeated& whole, Share share) {
  if (slowness(whole, kAgainstLatency, share) >= Slowness::kSuspected) return false;
  const auto work = unpaired(now, relative_work(now), relative_work(then));
  return work && judge_ratio(*work, kAgainstLatency, share, "").outcome == LatencyOutcome::kHolds;
}

LatencyJudgement judge_times(const Side& now, const Side& then, int comparisons) {
  const auto measured = whole_times(now, then);
  if (!measured) return {};  // the report shows the ratio all the same
  const Share share = half_of(comparisons);
  const LatencyJudgement whole = judge_ratio(*measured, kAgainstLatency, share, "the earlier run");
  const auto place = slowest_place(now, then, kAgainstLatency, share);
  if (!place) {
    const bool is_told =
        whole.outcome == LatencyOutcome::kUnsure && is_told_by_work(now, then, *measured, share);
    return is_told ? LatencyJudgement{} : whole;
  }
  const std::string where = sentence(*place);
  if (whole.outcome != LatencyOutcome::kBroken) return {LatencyOutcome::kBroken, where};
  return {LatencyOutcome::kBroken, fmt::format("{}; {}", whole.reason, where)};
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

bool leaves_doubt(const Side& now, const Side& then, int comparisons) {
  const auto measured = whole_times(now, then);
  if (!measured) return false;
  const Share share = half_of(comparisons);
  const bool is_decided =
      measured->is_measured_again && (slowness(*measured, kAgainstLatency, share) == Slowness::kCertain ||
                                      slowest_place(now, then, kAgainstLatency, share));
  const bool is_open =
      leaves_doubt(*measured, kAgainstLatency, share) && !is_told_by_work(now, then, *measured, share);
  return !is_decided && (is_open || any_place_seems_slower(now, then, kAgainstLatency, share));
}

}  // namespace isoframe::harness::judge
