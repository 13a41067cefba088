#include "harness/run/earlier_run.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json_file.h"
#include "harness/judge/against.h"
#include "harness/judge/quality.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/likeness.h"
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

/// How the two runs of a case differ.
struct Unlikeness {
  std::vector<std::string> video;       ///< what was asked for: nothing compares
  std::vector<std::string> conditions;  ///< machine and way to make it: frames are near, times do not compare
};

/// Differences of the case, with its size settled, as both runs recorded it.
std::vector<scenario::Difference> case_differences(const CaseResult& result, const CaseResult& earlier) {
  return scenario::differences(scenario::case_from_json(result.spec), earlier.spec);
}

Unlikeness unlikeness_of(const CaseResult& result, const CaseResult& earlier,
                         std::vector<std::string> environment) {
  Unlikeness unlike{{}, std::move(environment)};
  for (const scenario::Difference& difference : case_differences(result, earlier)) {
    auto& list = difference.role == scenario::Role::kAskedFor ? unlike.video : unlike.conditions;
    // Threads are a fact of the environment too.
    if (std::ranges::find(list, difference.text) == list.end()) list.push_back(difference.text);
  }
  return unlike;
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
  if (!earlier || !differences_.empty() || !case_differences(result, *earlier).empty()) return false;
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
  Unlikeness unlike = unlikeness_of(result, *earlier, differences_);
  judge::Judgement found;
  if (unlike.video.empty()) {
    found = judge::judge_against(side_of(spec, result, baseline),
                                 side_of(spec, *earlier, pointer_to(earlier_baseline)), frames,
                                 unlike.conditions, comparisons);
  } else {
    found = {records::Verdict::kUntrusted,
             fmt::format("the earlier run made another video: {}", fmt::join(unlike.video, ", "))};
  }
  records::AgainstRow row;
  row.seconds_ratio = median_of(result) / median_of(*earlier);
  if (frames) {
    row.identical = frames->identical;
    if (frames->ssim) row.ssim = frames->ssim->mean;
    row.psnr = frames->psnr.mean;
  }
  row.verdict = found.verdict;
  row.reason = found.reason;
  row.unlike = std::move(unlike.conditions);
  std::ranges::copy(unlike.video, std::back_inserter(row.unlike));
  return row;
}

std::optional<EarlierRun> earlier_run(const fs::path& directory, const records::Environment& environment) {
  if (directory.empty()) return std::nullopt;
  return EarlierRun(directory, environment);
}

}  // namespace isoframe::harness::run
