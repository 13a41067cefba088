#include "harness/run/earlier_run.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json_file.h"
#include "base/list.h"
#include "harness/judge/against.h"
#include "harness/judge/quality.h"
#include "harness/run/entries.h"
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

/// Parts of the checkpoint, and the image, that hold something else than they did, as far as both runs say
/// it.
std::vector<std::string> content_differences(const CaseResult& result, const CaseResult& earlier) {
  std::vector<std::string> differences;
  if (result.origins.empty() || earlier.origins.empty()) return differences;
  const records::Origin &own = result.origins.back().origin, &its = earlier.origins.back().origin;
  for (const auto& [part, print] : own.checkpoint) {
    const auto then = its.checkpoint.find(part);
    if (then == its.checkpoint.end() || then->second != print)
      differences.push_back(fmt::format("the content of the checkpoint's {}", part));
  }
  if (own.image != its.image) differences.push_back("the content of the image");
  return differences;
}

Unlikeness unlikeness_of(const CaseResult& result, const CaseResult& earlier,
                         std::vector<std::string> environment) {
  Unlikeness unlike{{}, std::move(environment)};
  for (const scenario::Difference& difference : case_differences(result, earlier)) {
    const bool is_video = difference.role != scenario::Role::kMeasuredWith;
    add_once(is_video ? unlike.video : unlike.conditions, difference.text);
  }
  add_devices(result, earlier, unlike.conditions);
  // Another kind of processor makes synthetic weights that differ in their last bits: the frames are near.
  std::ranges::move(content_differences(result, earlier),
                    std::back_inserter(unlike.conditions.empty() ? unlike.video : unlike.conditions));
  return unlike;
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

/// The case's result in a run directory; nothing where it had none that ended well.
std::optional<CaseResult> measured_in(const fs::path& directory, const std::string& name) {
  const fs::path file = directory / name / "result.json";
  if (name.empty() || !is_file(file)) return std::nullopt;
  CaseResult result = base::read_record(file, records::case_result_from_json);
  return result.is_measured() ? std::optional(std::move(result)) : std::nullopt;
}

/// The side with further runs beside it.
template <typename OtherResults>
judge::Side with_others(judge::Side side, const Case& spec, const OtherResults& others) {
  for (const auto& other : others)
    side.others.push_back(side_of(spec, other.result, pointer_to(other.baseline)));
  return side;
}

}  // namespace

EarlierRun::EarlierRun(const std::vector<fs::path>& directories, const records::Environment& environment,
                       const std::vector<Case>& cases)
    : directory_(directories.at(0)),
      run_(base::read_record(directory_ / "run.json", records::run_record_from_json)),
      differences_(judge::unlike(environment, run_.environment)) {
  for (auto directory = directories.begin() + 1; directory != directories.end(); ++directory) {
    const records::RunRecord other =
        base::read_record(*directory / "run.json", records::run_record_from_json);
    others_.push_back({*directory, judge::unlike(environment, other.environment)});
  }
  const auto is_there = [&](const Case& spec) { return row_of(run_, spec.name) != nullptr; };
  if (std::ranges::any_of(cases, is_there)) return;
  std::vector<std::string> own;
  for (const Case& spec : cases) own.push_back(spec.name);
  nothing_in_common_ =
      fmt::format("the earlier run {} has no case in common with this one: {} there, {} here",
                  directory_.string(), base::list_of(names_of(run_.cases)), base::list_of(own));
}

/// The case's results in the other runs; `notes` are given why the times of a run do not count.
std::vector<EarlierRun::OtherResult> EarlierRun::others(const Case& spec, const CaseResult& result,
                                                        std::vector<std::string>& notes) const {
  std::vector<OtherResult> found;
  for (const Other& other : others_) {
    const auto leave_out = [&](const std::string& why) {
      notes.push_back(fmt::format("its times in {} do not count: {}", other.directory.string(), why));
    };
    std::optional<CaseResult> theirs = measured_in(other.directory, spec.name);
    if (!theirs) {
      leave_out("it was not measured there");
      continue;
    }
    Unlikeness unlike = unlikeness_of(result, *theirs, other.differences);
    std::ranges::move(unlike.video, std::back_inserter(unlike.conditions));
    if (!unlike.conditions.empty()) {
      leave_out(fmt::format("unlike this run: {}", fmt::join(unlike.conditions, "; ")));
      continue;
    }
    OtherResult& kept = found.emplace_back(OtherResult{*std::move(theirs), std::nullopt});
    kept.baseline = measured_in(other.directory, spec.baseline);
    if (spec.baseline.empty() || kept.baseline) continue;
    leave_out(fmt::format("its baseline '{}' was not measured there", spec.baseline));
    found.pop_back();
  }
  return found;
}

/// Reason why a case that the earlier run names cannot be held against it, or an empty string.
std::string EarlierRun::obstacle(const Case& spec, const records::CaseRow& row,
                                 const RunDirectory& directory) const {
  const fs::path folder = directory_ / spec.name;
  if (row.verdict == records::Verdict::kSkipped || row.verdict == records::Verdict::kError)
    return fmt::format("the earlier run has no measurement of it: {} there{}{}",
                       records::name_of(row.verdict), row.reason.empty() ? "" : ", ", row.reason);
  for (const char* file : {"result.json", "frames.safetensors"})
    if (!is_file(folder / file))
      return fmt::format("nothing to compare with: the earlier run's {} is missing",
                         (folder / file).string());
  if (!directory.has_frames(spec))
    return fmt::format("nothing to compare: {} is missing", directory.frames_of(spec.name).string());
  return {};
}

bool EarlierRun::is_slowdown_undecided(const Case& spec, const CaseResult& result, const CaseResult* baseline,
                                       judge::ErrorBudget budget) const {
  const std::optional<CaseResult> earlier = measured_in(directory_, spec.name);
  if (!earlier) return false;
  const Unlikeness unlike = unlikeness_of(result, *earlier, differences_);
  if (!unlike.video.empty() || !unlike.conditions.empty()) return false;
  const std::optional<CaseResult> earlier_baseline = measured_in(directory_, spec.baseline);
  std::vector<std::string> notes;
  const std::vector<OtherResult> further = others(spec, result, notes);
  return judge::is_slowdown_undecided(
      side_of(spec, result, baseline),
      with_others(side_of(spec, *earlier, pointer_to(earlier_baseline)), spec, further), budget);
}

Beside EarlierRun::beside(const Case& spec, const CaseResult& result, const CaseResult* baseline,
                          const RunDirectory& directory, judge::ErrorBudget budget) const {
  try {
    return compared(spec, result, baseline, directory, budget);
  } catch (const std::exception& error) {
    return {std::nullopt, untrusted(fmt::format("the earlier run cannot be read: {}", message_of(error)))};
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
  const std::optional<CaseResult> earlier = measured_in(directory_, spec.name);
  if (!earlier) return {std::nullopt, untrusted("the earlier run has no measurement of it")};
  Unlikeness unlike = unlikeness_of(result, *earlier, differences_);
  if (!unlike.video.empty()) {
    return {std::nullopt,
            untrusted(fmt::format("the earlier run made another video: {}", fmt::join(unlike.video, ", ")))};
  }
  const records::Quality frames = judge::compare_frames(directory_ / spec.name / "frames.safetensors",
                                                        directory.frames_of(spec.name), directory_.string());
  const std::optional<CaseResult> earlier_baseline = measured_in(directory_, spec.baseline);
  std::vector<std::string> notes;
  const std::vector<OtherResult> further = others(spec, result, notes);
  judge::AgainstJudgement found =
      frames.trusted ? judge::judge_against(
                           side_of(spec, result, baseline),
                           with_others(side_of(spec, *earlier, pointer_to(earlier_baseline)), spec, further),
                           frames, unlike.conditions, budget)
                     : untrusted(fmt::format("beside the earlier run: {}", frames.untrusted_reason));
  std::ranges::move(notes, std::back_inserter(found.notes));
  records::AgainstRow row;
  row.seconds_ratio = metrics::ratio(median_of(result), median_of(*earlier));
  row.identical = frames.identical;
  if (frames.ssim) row.ssim = frames.ssim->mean;
  row.psnr = frames.psnr.mean;
  row.verdict = found.verdict;
  row.reason = found.reason;
  row.unlike = std::move(unlike.conditions);
  return {row, found};
}

std::optional<EarlierRun> earlier_run(const std::vector<fs::path>& directories,
                                      const records::Environment& environment,
                                      const std::vector<Case>& cases) {
  if (directories.empty()) return std::nullopt;
  return EarlierRun(directories, environment, cases);
}

}  // namespace isoframe::harness::run
