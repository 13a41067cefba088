#include "harness/run/judged_run.h"

#include <algorithm>
#include <exception>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/judge/locked.h"
#include "harness/judge/quality.h"
#include "harness/judge/three_way.h"
#include "harness/judge/verdict.h"
#include "harness/run/earlier_run.h"
#include "harness/run/entries.h"
#include "harness/run/locator.h"
#include "harness/run/measured_result.h"
#include "harness/run/outputs.h"
#include "harness/run/report_files.h"
#include "harness/run/result.h"
#include "harness/run/suite_record.h"
#include "harness/scenario/case_keys.h"
#include "harness/scenario/likeness.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using scenario::Case;

namespace {

/// A sentence on rounds that were measured with another build or machine than the newest of the run; empty
/// for others.  Cases may have different checkpoints and images.
std::string note_on(const records::RoundsOfOrigin& group, std::optional<records::Origin> newest) {
  if (!newest) return {};
  newest->checkpoint = group.origin.checkpoint;
  newest->image = group.origin.image;
  newest->gpus = group.origin.gpus;
  newest->engine = group.origin.engine;
  const std::vector<std::string> differences = records::differences(*newest, group.origin);
  if (differences.empty()) return {};
  return fmt::format("measured {} with something else than the newest rounds of the run: {}",
                     group.origin.measured, fmt::join(differences, "; "));
}

/// Reason why rounds of a case and its baseline cannot be held against each other, or an empty string.
std::string mixed_origins(const Case& spec, const records::CaseResult& result,
                          const records::CaseResult* baseline) {
  constexpr const char* kMend = "--resume measures again what is not as it is now";
  for (const records::RoundsOfOrigin& group : result.origins) {
    const auto differences = records::differences(group.origin, result.origins.front().origin);
    if (!differences.empty())
      return fmt::format("its rounds were not measured with the same: {}; {}", fmt::join(differences, "; "),
                         kMend);
  }
  if (baseline == nullptr || result.origins.empty()) return {};
  for (const records::RoundsOfOrigin& group : baseline->origins) {
    records::Origin own = result.origins.front().origin;
    own.gpus = group.origin.gpus;  // a case that may differ may compute on another device
    if (result.engine != baseline->engine) own.engine = group.origin.engine;
    const auto differences = records::differences(own, group.origin);
    if (!differences.empty())
      return fmt::format("its baseline '{}' was not measured with the same: {}; {}", spec.baseline,
                         fmt::join(differences, "; "), kMend);
  }
  return {};
}

/// Keys in which a case and its baseline are different videos, as after a part of them was asked for anew; or
/// an empty string.
std::string other_video(const Case& spec, const Case* baseline) {
  if (baseline == nullptr) return {};
  std::string keys;
  for (const scenario::CaseKey& key : scenario::case_keys()) {
    // Where files lie does not matter; what they hold is in the origins.
    if (key.is_path || !scenario::is_shared_with_baseline(key, spec)) continue;
    if (key.to_json(spec) != key.to_json(*baseline)) keys += (keys.empty() ? "" : ", ") + key.name;
  }
  if (keys.empty()) return {};
  return fmt::format(
      "its baseline '{}' was measured with other {}; --resume without --filter measures both alike",
      spec.baseline, keys);
}

class RunJudge {
 public:
  RunJudge(const records::SuiteRecord& suite, const RunDirectory& directory, const RunOptions& options,
           const Failures& unkept)
      : suite_(suite),
        directory_(directory),
        options_(options),
        cases_(cases_of(suite)),
        environment_(environment_of(suite, cases_)),
        earlier_(earlier_run(options.against, environment_, cases_)),
        budget_(error_budget(cases_, earlier_.has_value())),
        locator_(directory, options) {
    for (const Case& spec : cases_) {
      records::CaseResult& result = results_[spec.name] = measured_result(spec, suite, directory);
      result.command = command_of(suite, options, spec);
      if (const auto failed = unkept.find(spec.name); failed != unkept.end())
        set_unkept(result, failed->second);
      for (const records::RoundsOfOrigin& group : result.origins)
        if (!newest_ || group.origin.measured > newest_->measured) newest_ = group.origin;
    }
  }

  records::RunRecord run() {
    records::RunRecord run;
    run.started = suite_.started;
    run.finished = suite_.finished;
    run.interrupted = suite_.interrupted;
    run.scenarios = suite_.scenarios;
    run.command = suite_.command;
    run.environment = environment_;
    if (earlier_) {
      run.against = options_.against.front().string();
      for (const fs::path& other : options_.against)
        if (&other != &options_.against.front()) run.against_others.push_back(other.string());
      run.unlike = earlier_->differences();
    }
    for (const auto& [verdict, name] : records::Names<records::Verdict>::all) run.counts[name] = 0;
    for (const Case& spec : cases_) {
      const records::CaseRow& row = run.cases.emplace_back(judge_case(spec));
      ++run.counts[records::name_of(row.verdict)];
      write(run, [&] { directory_.keep(results_.at(spec.name)); });
    }
    run.notes = notes_on_run();
    write(run, [&] { directory_.keep(run); });
    write_reports(run, cases_, results_, directory_, options_.traced);
    return run;
  }

 private:
  /// Tells of a failure that the run directory does not know; it takes nothing from what was measured.
  static void set_unkept(records::CaseResult& result, const records::Failure& failure) {
    if (result.is_measured()) {
      result.notes.push_back(fmt::format("measuring it again failed: {}", failure.message));
      return;
    }
    result.status = records::Status::kError;
    result.error = failure;
  }

  /// Writes a result; the others are written even if it cannot be.
  template <typename Write>
  static void write(records::RunRecord& run, const Write& write) {
    try {
      write();
    } catch (const std::exception& error) {
      run.unwritten.push_back(message_of(error));
      std::cerr << fmt::format("error: {}\n", message_of(error));
    }
  }

  /// Completes the case's result and makes its row.  What cannot be judged costs its own case.
  records::CaseRow judge_case(const Case& spec) {
    records::CaseResult& result = results_.at(spec.name);
    const records::CaseResult* const baseline = spec.baseline.empty() ? nullptr : &results_.at(spec.baseline);
    std::optional<records::AgainstRow> against;
    try {
      against = complete(spec, result, baseline);
    } catch (const std::exception& error) {
      result.status = records::Status::kError;
      result.error.emplace().message = message_of(error);
      result.verdict = records::Verdict::kError;
      result.reason = message_of(error);
    }
    remake_video(spec, result);
    records::CaseRow row = summary_row(spec, result, baseline);
    if (earlier_) row.against = against;
    return row;
  }

  std::optional<records::AgainstRow> complete(const Case& spec, records::CaseResult& result,
                                              const records::CaseResult* baseline) {
    result.quality = quality_of(spec, result, baseline);
    set_locked(spec, result, baseline);
    set_own_single(spec, result, baseline);
    judge::Judgement judgement = judgement_of(spec, result, baseline);
    if (result.own_single && spec.gates.bounded && !result.locked) add(judgement, *result.own_single);
    add_notes(spec, result);
    std::optional<records::AgainstRow> against;
    if (earlier_ && result.is_measured()) {
      Beside beside = earlier_->beside(spec, result, baseline, directory_, budget_);
      against = std::move(beside.row);
      result.not_judged = std::move(beside.judgement.not_judged);
      std::ranges::move(beside.judgement.notes, std::back_inserter(result.notes));
      if (judgement.verdict == records::Verdict::kPassed) judgement = beside.judgement;
      if (judgement.verdict == records::Verdict::kPassed) judgement = required(result.not_judged);
    }
    result.verdict = judgement.verdict;
    result.reason = judgement.reason;
    result.first_divergence = locator_(spec, result, case_named(cases_, spec.baseline), baseline);
    if (result.own_single && !result.own_single->stands_alone.empty() && result.first_divergence)
      result.own_single->stands_alone += "; " + result.first_divergence->sentence;
    return against;
  }

  /// Tells of the cases that have folders here and no place in the reports.
  std::vector<std::string> notes_on_run() const {
    std::vector<std::string> left_out;
    for (const std::string& name : suite_.unnamed)
      if (is_taken(directory_.path() / name)) left_out.push_back(name);
    if (left_out.empty()) return {};
    return {
        fmt::format("no scenario file names {} any more: left out here, what was measured stays in the run "
                    "directory",
                    fmt::join(left_out, ", "))};
  }

  void add_notes(const Case& spec, records::CaseResult& result) const {
    if (spec.expected_different && result.quality && result.quality->identical)
      result.notes.push_back(
          fmt::format("expected to differ from {}, and every float is equal", spec.baseline));
    for (const records::RoundsOfOrigin& group : result.origins)
      if (const std::string note = note_on(group, newest_); !note.empty()) result.notes.push_back(note);
  }

  /// Makes the case's video again if it is missing or damaged.
  void remake_video(const Case& spec, const records::CaseResult& result) const {
    if (!directory_.is_written_to() || !result.is_measured()) return;
    if (const std::string why = keep_video(directory_.of(spec)); !why.empty())
      std::cerr << fmt::format("warning: {}\n", why);
  }

  /// Untrusted if something is not judged that had to be.
  judge::Judgement required(const std::vector<records::NotJudged>& not_judged) const {
    std::string missing;
    for (const records::NotJudged& one : not_judged)
      if (options_.required.contains(one.what))
        missing += fmt::format("{}{} was not judged, though required: {}; it takes {}",
                               missing.empty() ? "" : "; ", records::name_of(one.what), one.why, one.remedy);
    return missing.empty() ? judge::Judgement{} : judge::Judgement{records::Verdict::kUntrusted, missing};
  }

  std::optional<records::Quality> quality_of(const Case& spec, const records::CaseResult& result,
                                             const records::CaseResult* baseline) const {
    if (baseline == nullptr || result.status != records::Status::kOk) return std::nullopt;
    if (baseline->status != records::Status::kOk) return std::nullopt;
    const fs::path reference = directory_.frames_of(spec.baseline);
    if (!directory_.has_frames(spec) || !is_file(reference)) return std::nullopt;
    return judge::compare_frames(reference, directory_.frames_of(spec.name), spec.baseline);
  }

  /// The case on one rank of the same engine that asks for the same frames; null where there is none, or it
  /// is the baseline.
  const Case* own_single_of(const Case& spec) const {
    if (!scenario::is_foreign(spec) || spec.layout.world_size() == 1 || spec.baseline.empty()) return nullptr;
    const auto found = std::ranges::find_if(cases_, [&](const Case& other) {
      if (other.layout.world_size() > 1 || other.baseline != spec.baseline) return false;
      if (other.engine != spec.engine || other.program != spec.program) return false;
      return std::ranges::all_of(scenario::case_keys(), [&](const scenario::CaseKey& key) {
        const bool may_differ = key.role == scenario::Role::kBookkeeping || key.name == "layout";
        return may_differ || key.to_json(other) == key.to_json(spec);
      });
    });
    return found == cases_.end() ? nullptr : &*found;
  }

  /// Compares another engine's layout with the same engine on one rank, where the run has that.
  void set_own_single(const Case& spec, records::CaseResult& result,
                      const records::CaseResult* baseline) const {
    const Case* const single = own_single_of(spec);
    if (single == nullptr || baseline == nullptr || !result.quality) return;
    const records::CaseResult& own = results_.at(single->name);
    if (!own.is_measured() || !directory_.has_frames(*single)) return;
    const fs::path frames = directory_.frames_of(single->name);
    result.own_single = judge::beside_own_single(
        result, own, *baseline, judge::compare_frames(frames, directory_.frames_of(spec.name), single->name),
        judge::compare_frames(directory_.frames_of(spec.baseline), frames, spec.baseline));
  }

  /// Adds what the engine's own single rank says of its layout to the judgement of its frames.
  static void add(judge::Judgement& judgement, const records::OwnSingle& beside) {
    const std::string broken = judge::broken_by(beside);
    const bool is_told =
        judgement.verdict == records::Verdict::kPassed || judgement.verdict == records::Verdict::kFailed;
    if (broken.empty() || !is_told) return;
    judgement.verdict = records::Verdict::kFailed;
    judgement.reason += (judgement.reason.empty() ? "" : "; ") + broken;
  }

  /// Sets the case's locked run, with the limits that it breaks, where that judges it.
  void set_locked(const Case& spec, records::CaseResult& result, const records::CaseResult* baseline) const {
    if (baseline == nullptr || !judge::is_judged_locked(spec, result, *baseline)) return;
    result.locked = directory_.locked(spec);
    if (result.locked)
      judge::set_limits(*result.locked, result.quality, judge::locked_bounds(spec, result, *baseline));
  }

  judge::Judgement judgement_of(const Case& spec, const records::CaseResult& result,
                                const records::CaseResult* baseline) const {
    if (!spec.skip_reason.empty()) return {records::Verdict::kSkipped, spec.skip_reason};
    if (result.error && result.error->is_unsupported)
      return {records::Verdict::kSkipped, result.error->message};
    if (baseline != nullptr && baseline->error && baseline->error->is_unsupported)
      return {records::Verdict::kSkipped,
              fmt::format("its baseline is skipped: {}", baseline->error->message)};
    if (result.status == records::Status::kOk && result.ranks.empty()) {
      return {records::Verdict::kSkipped,
              suite_.interrupted ? "not reached before the interruption" : "not run"};
    }
    if (result.status == records::Status::kOk)
      if (std::string why = other_video(spec, case_named(cases_, spec.baseline)); !why.empty())
        return {records::Verdict::kUntrusted, std::move(why)};
    if (result.status == records::Status::kOk)
      if (std::string why = mixed_origins(spec, result, baseline); !why.empty())
        return {records::Verdict::kUntrusted, std::move(why)};
    return judge::judge(spec, result, baseline, budget_);
  }

  const records::SuiteRecord& suite_;
  const RunDirectory& directory_;
  const RunOptions& options_;
  std::vector<Case> cases_;
  records::Environment environment_;
  std::optional<EarlierRun> earlier_;
  judge::ErrorBudget budget_;
  Locator locator_;
  std::map<std::string, records::CaseResult> results_;
  std::optional<records::Origin> newest_;  ///< of the round that was measured last
};

}  // namespace

records::RunRecord judge_run(const records::SuiteRecord& suite, const RunDirectory& directory,
                             const RunOptions& options, const Failures& unkept) {
  return RunJudge(suite, directory, options, unkept).run();
}

}  // namespace isoframe::harness::run
