#include "harness/run/earlier_run.h"

#include "base/json_file.h"
#include "harness/judge/against.h"
#include "harness/judge/quality.h"
#include "metrics/statistics.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using records::CaseResult;
using scenario::Case;

namespace {

double median_of(const CaseResult& result) { return metrics::median(result.latency.total_seconds); }

/// A case's result as one side of a comparison: `baseline` is its baseline's, null without one.
judge::Side side_of(const Case& spec, const CaseResult& result, const CaseResult* baseline) {
  return {.result = result, .baseline = baseline, .repeat = static_cast<std::size_t>(spec.repeat)};
}

const CaseResult* pointer_to(const std::optional<CaseResult>& result) { return result ? &*result : nullptr; }

}  // namespace

EarlierRun::EarlierRun(fs::path directory, const records::Environment& environment)
    : directory_(std::move(directory)),
      differences_(judge::unlike(
          environment, records::run_record_from_json(base::read_json(directory_ / "run.json")).environment)) {
}

/// The result of the same case in that run; nothing where it had none that ended well.
std::optional<CaseResult> EarlierRun::measured(const std::string& name) const {
  const fs::path file = directory_ / name / "result.json";
  if (name.empty() || !fs::exists(file)) return std::nullopt;
  CaseResult result = records::case_result_from_json(base::read_json(file));
  return result.is_measured() ? std::optional(std::move(result)) : std::nullopt;
}

/// The case's frames against that run's; nothing where one of them has none.
std::optional<records::Quality> EarlierRun::quality(const Case& spec, const RunDirectory& directory) const {
  const fs::path frames = directory_ / spec.name / "frames.safetensors";
  if (!directory.has_frames(spec) || !fs::exists(frames)) return std::nullopt;
  return judge::compare_frames(frames, directory.frames_of(spec.name), directory_.string());
}

bool EarlierRun::is_slowdown_undecided(const Case& spec, const CaseResult& result, const CaseResult* baseline,
                                       int comparisons) const {
  const std::optional<CaseResult> earlier = measured(spec.name);
  if (!earlier || !differences_.empty()) return false;
  const std::optional<CaseResult> earlier_baseline = measured(spec.baseline);
  return judge::is_slowdown_undecided(side_of(spec, result, baseline),
                                      side_of(spec, *earlier, pointer_to(earlier_baseline)), comparisons);
}

std::optional<records::AgainstRow> EarlierRun::beside(const Case& spec, const CaseResult& result,
                                                      const CaseResult* baseline,
                                                      const RunDirectory& directory, int comparisons) const {
  const std::optional<CaseResult> earlier = measured(spec.name);
  if (!earlier || !result.is_measured()) return std::nullopt;
  const std::optional<records::Quality> frames = quality(spec, directory);
  const std::optional<CaseResult> earlier_baseline = measured(spec.baseline);
  const judge::Judgement found = judge::judge_against(side_of(spec, result, baseline),
                                                      side_of(spec, *earlier, pointer_to(earlier_baseline)),
                                                      frames, differences_, comparisons);
  records::AgainstRow row;
  row.seconds_ratio = median_of(result) / median_of(*earlier);
  if (frames) {
    row.identical = frames->identical;
    if (frames->ssim) row.ssim = frames->ssim->mean;
    row.psnr = frames->psnr.mean;
  }
  row.verdict = found.verdict;
  row.reason = found.reason;
  row.unlike = differences_;
  return row;
}

std::optional<EarlierRun> earlier_run(const fs::path& directory, const records::Environment& environment) {
  if (directory.empty()) return std::nullopt;
  return EarlierRun(directory, environment);
}

}  // namespace isoframe::harness::run
