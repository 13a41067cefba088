#include "harness/run/earlier_run.h"

#include "base/json_file.h"
#include "harness/judge/against.h"
#include "harness/judge/quality.h"
#include "harness/run/result.h"
#include "metrics/statistics.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
using nlohmann::json;
using scenario::Case;

namespace {

using reports::records::CaseResult;

/// A result as judge takes it; null stands for a baseline's own.
std::optional<CaseResult> typed(const json& result) {
  if (result.is_null()) return std::nullopt;
  return reports::records::case_result_from_json(result);
}

/// A case's typed result and its baseline's.
struct TypedSide {
  TypedSide(const Case& spec, const json& result, const json& baseline)
      : result(reports::records::case_result_from_json(result)),
        baseline(typed(baseline)),
        repeat(static_cast<std::size_t>(spec.repeat)) {}
  judge::Side side() const { return {result, baseline ? &*baseline : nullptr, repeat}; }

  CaseResult result;
  std::optional<CaseResult> baseline;
  std::size_t repeat;
};

double median_of(const json& result) {
  return metrics::median(result.at("latency").at("total_seconds").get<std::vector<double>>());
}

}  // namespace

EarlierRun::EarlierRun(fs::path directory, const json& environment)
    : directory_(std::move(directory)),
      differences_(judge::unlike(reports::records::environment_from_json(environment),
                                 reports::records::environment_from_json(
                                     base::read_json(directory_ / "run.json").at("environment")))) {}

/// The same case of that run; null where it had none that ended well.
json EarlierRun::result(const std::string& name) const {
  const fs::path file = directory_ / name / "result.json";
  if (name.empty() || !fs::exists(file)) return nullptr;
  const json result = base::read_json(file);
  return is_measured(result) ? result : json();
}

/// Its frames against the case's own; null where one of them has none.
json EarlierRun::quality(const Case& spec, const RunDirectory& directory) const {
  const fs::path frames = directory_ / spec.name / "frames.safetensors";
  if (!directory.has_frames(spec) || !fs::exists(frames)) return nullptr;
  return to_json(
      judge::compare_frames(frames, directory.of(spec) / "frames.safetensors", directory_.string()));
}

bool EarlierRun::leaves_doubt(const Case& spec, const json& current, const json& baseline,
                              int comparisons) const {
  const json then = result(spec.name);
  return differences_.empty() && !then.is_null() &&
         judge::is_slowdown_undecided(TypedSide(spec, current, baseline).side(),
                                      TypedSide(spec, then, result(spec.baseline)).side(), comparisons);
}

json EarlierRun::beside(const Case& spec, const json& own, const json& baseline,
                        const RunDirectory& directory, int comparisons, judge::Judgement& judgement) const {
  const json then = result(spec.name);
  if (then.is_null() || !is_measured(own)) return nullptr;
  const json frames = quality(spec, directory);
  const judge::Judgement found = judge::judge_against(
      TypedSide(spec, own, baseline).side(), TypedSide(spec, then, result(spec.baseline)).side(),
      frames.is_null() ? std::nullopt : std::optional(reports::records::quality_from_json(frames)),
      differences_, comparisons);
  if (judgement.verdict == judge::Verdict::kPassed) judgement = found;
  return {{"seconds_ratio", median_of(own) / median_of(then)},
          {"identical", frames.is_null() ? json() : frames.at("identical")},
          {"ssim", frames.is_null() ? json() : frames.at("ssim").at("mean")},
          {"psnr", frames.is_null() ? json() : frames.at("psnr").at("mean")},
          {"verdict", name_of(found.verdict)},
          {"reason", found.reason},
          {"unlike", differences_}};
}

}  // namespace isoframe::harness::run
