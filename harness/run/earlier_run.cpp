#include "harness/run/earlier_run.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
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

/// Differences of a case between two runs.
struct Unlikeness {
  std::vector<std::string> video;       ///< asked for or computed otherwise: nothing compares
  std::vector<std::string> conditions;  ///< of machine and measurement: frames are near, times do not compare
};

/// Differences of the case, with its size settled, as both runs recorded it.
std::vector<scenario::Difference> case_differences(const CaseResult& result, const CaseResult& earlier) {
  return scenario::differences(scenario::case_from_json(result.spec), earlier.spec);
}

void add_once(std::vector<std::string>& list, const std::string& text) {
  if (std::ranges::find(list, text) == list.end()) list.push_back(text);
}

/// Differences of the GPUs of the ranks that both runs have.
void add_devices(const CaseResult& result, const CaseResult& earlier, std::vector<std::string>& list) {
  for (std::size_t rank = 0; rank < std::min(result.ranks.size(), earlier.ranks.size()); ++rank) {
    const auto& own = result.ranks[rank].device;
    const auto& its = earlier.ranks[rank].device;
    if (!own || !its) continue;
    for (const auto& [name, now, then] : records::differing_facts(*own, *its))
      add_once(list, fmt::format("GPU {}: {} then, {} now", name, then, now));
  }
}

Unlikeness unlikeness_of(const CaseResult& result, const CaseResult& earlier,
                         std::vector<std::string> environment) {
  Unlikeness unlike{{}, std::move(environment)};
  for (const scenario::Difference& difference : case_differences(result, earlier)) {
    const bool is_video = difference.role != scenario::Role::kMeasuredWith;
    add_once(is_video ? unlike.video : unlike.conditions, difference.text);
  }
  add_devices(result, earlier, unlike.conditions);
  return unlike;
}

/// The names in a sentence, the first few of many.
std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 5;
  const std::vector<std::string> first(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(kMost, names.size())));
  if (names.empty()) return "none";
  return fmt::format("{}{}", fmt::join(first, ", "),
                     names.size() > kMost ? fmt::format(" and {} more", names.size() - kMost) : "");
}

std::vector<std::string> names_of(const std::vector<records::CaseRow>& rows) {
  std::vector<std::string> names;
  for (const records::CaseRow& row : rows) names.push_back(row.name);
  return names;
}

const records::CaseRow* row_of(const records::RunRecord& run, const std::string& name) {
  const auto found = std::ranges::find(run.cases, name, &records::CaseRow::name);
  return found == run.cases.end() ? nullptr : &*found;
}

judge::AgainstJudgement untrusted(std::string reason) {
  judge::AgainstJudgement judgement;
  judgement.verdict = records::Verdict::kUntrusted;
  judgement.reason = std::move(reason);
  return judgement;
}

const CaseResult* pointer_to(const std::optional<CaseResult>& result) { return result ? &*result : nullptr; }

}  // namespace

EarlierRun::EarlierRun(fs::path directory, const records::Environment& environment,
                       const std::vector<Case>& cases)
    : directory_(std::move(directory)),
      run_(records::run_record_from_json(base::read_json(directory_ / "run.json"))),
      differences_(judge::unlike(environment, run_.environment)) {
  const auto is_there = [&](const Case& spec) { return row_of(run_, spec.name) != nullptr; };
  if (std::ranges::any_of(cases, is_there)) return;
  std::vector<std::string> own;
  for (const Case& spec : cases) own.push_back(spec.name);
  nothing_in_common_ =
      fmt::format("the earlier run {} has no case in common with this one: {} there, {} here",
                  directory_.string(), list_of(names_of(run_.cases)), list_of(own));
}

/// The result of the same case in that run; nothing where it had none that ended well.
std::optional<CaseResult> EarlierRun::measured(const std::string& name) const {
  const fs::path file = directory_ / name / "result.json";
  if (name.empty() || !fs::exists(file)) return std::nullopt;
  CaseResult result = records::case_result_from_json(base::read_json(file));
  return result.is_measured() ? std::optional(std::move(result)) : std::nullopt;
}

/// Why a case that the earlier run names cannot be held against it, or an empty string.
std::string EarlierRun::obstacle(const Case& spec, const records::CaseRow& row,
                                 const RunDirectory& directory) const {
  const fs::path folder = directory_ / spec.name;
  if (row.verdict == records::Verdict::kSkipped || row.verdict == records::Verdict::kError)
    return fmt::format("the earlier run has no measurement of it: {} there{}{}",
                       records::name_of(row.verdict), row.reason.empty() ? "" : ", ", row.reason);
  for (const char* file : {"result.json", "frames.safetensors"})
    if (!fs::exists(folder / file))
      return fmt::format("nothing to compare with: the earlier run's {} is missing",
                         (folder / file).string());
  if (!directory.has_frames(spec))
    return fmt::format("nothing to compare: {} is missing", directory.frames_of(spec.name).string());
  return measured(spec.name) ? "" : "the earlier run has no measurement of it";
}

bool EarlierRun::is_slowdown_undecided(const Case& spec, const CaseResult& result, const CaseResult* baseline,
                                       judge::ErrorBudget budget) const {
  const std::optional<CaseResult> earlier = measured(spec.name);
  if (!earlier) return false;
  const Unlikeness unlike = unlikeness_of(result, *earlier, differences_);
  if (!unlike.video.empty() || !unlike.conditions.empty()) return false;
  const std::optional<CaseResult> earlier_baseline = measured(spec.baseline);
  return judge::is_slowdown_undecided(side_of(spec, result, baseline),
                                      side_of(spec, *earlier, pointer_to(earlier_baseline)), budget);
}

Beside EarlierRun::beside(const Case& spec, const CaseResult& result, const CaseResult* baseline,
                          const RunDirectory& directory, judge::ErrorBudget budget) const {
  try {
    return compared(spec, result, baseline, directory, budget);
  } catch (const InputError& error) {
    return {std::nullopt, untrusted(fmt::format("the earlier run cannot be read: {}", error.what()))};
  }
}

Beside EarlierRun::compared(const Case& spec, const CaseResult& result, const CaseResult* baseline,
                            const RunDirectory& directory, judge::ErrorBudget budget) const {
  if (!nothing_in_common_.empty()) return {std::nullopt, untrusted(nothing_in_common_)};
  const records::CaseRow* const there = row_of(run_, spec.name);
  if (there == nullptr) {
    Beside added;
    added.judgement.notes.push_back("new: the earlier run has no case of this name");
    return added;
  }
  if (const std::string why = obstacle(spec, *there, directory); !why.empty())
    return {std::nullopt, untrusted(why)};
  const CaseResult earlier = *measured(spec.name);
  Unlikeness unlike = unlikeness_of(result, earlier, differences_);
  if (!unlike.video.empty()) {
    return {std::nullopt,
            untrusted(fmt::format("the earlier run made another video: {}", fmt::join(unlike.video, ", ")))};
  }
  const records::Quality frames = judge::compare_frames(directory_ / spec.name / "frames.safetensors",
                                                        directory.frames_of(spec.name), directory_.string());
  const std::optional<CaseResult> earlier_baseline = measured(spec.baseline);
  const judge::AgainstJudgement found =
      frames.trusted ? judge::judge_against(side_of(spec, result, baseline),
                                            side_of(spec, earlier, pointer_to(earlier_baseline)), frames,
                                            unlike.conditions, budget)
                     : untrusted(fmt::format("beside the earlier run: {}", frames.untrusted_reason));
  records::AgainstRow row;
  row.seconds_ratio = median_of(result) / median_of(earlier);
  row.identical = frames.identical;
  if (frames.ssim) row.ssim = frames.ssim->mean;
  row.psnr = frames.psnr.mean;
  row.verdict = found.verdict;
  row.reason = found.reason;
  row.unlike = std::move(unlike.conditions);
  return {row, found};
}

std::optional<EarlierRun> earlier_run(const fs::path& directory, const records::Environment& environment,
                                      const std::vector<Case>& cases) {
  if (directory.empty()) return std::nullopt;
  return EarlierRun(directory, environment, cases);
}

}  // namespace isoframe::harness::run
