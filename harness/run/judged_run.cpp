#include "harness/run/judged_run.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "harness/judge/locked.h"
#include "harness/judge/quality.h"
#include "harness/judge/verdict.h"
#include "harness/run/earlier_run.h"
#include "harness/run/locator.h"
#include "harness/run/measured_result.h"
#include "harness/run/report_files.h"
#include "harness/run/result.h"
#include "harness/run/suite_record.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using scenario::Case;

namespace {

class RunJudge {
 public:
  RunJudge(const records::SuiteRecord& suite, const RunDirectory& directory, const RunOptions& options)
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
    }
    directory_.keep(run);
    write_reports(run, cases_, results_, directory_, options_.traced);
    return run;
  }

 private:
  /// Completes the case's result, keeps it and makes its row.
  records::CaseRow judge_case(const Case& spec) {
    records::CaseResult& result = results_.at(spec.name);
    const records::CaseResult* const baseline = spec.baseline.empty() ? nullptr : &results_.at(spec.baseline);
    result.quality = quality_of(spec, result);
    set_locked(spec, result, baseline);
    judge::Judgement judgement = judgement_of(spec, result, baseline);
    if (spec.expected_different && result.quality && result.quality->identical)
      result.notes.push_back(
          fmt::format("expected to differ from {}, and every float is equal", spec.baseline));
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
    directory_.keep(result);
    records::CaseRow row = summary_row(spec, result, baseline);
    if (earlier_) row.against = against;
    return row;
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

  std::optional<records::Quality> quality_of(const Case& spec, const records::CaseResult& result) const {
    if (spec.baseline.empty() || result.status != records::Status::kOk) return std::nullopt;
    const fs::path reference = directory_.frames_of(spec.baseline);
    if (!directory_.has_frames(spec) || !fs::exists(reference)) return std::nullopt;
    return judge::compare_frames(reference, directory_.frames_of(spec.name), spec.baseline);
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
    if (result.status == records::Status::kOk && result.ranks.empty()) {
      return {records::Verdict::kSkipped,
              suite_.interrupted ? "not reached before the interruption" : "not run"};
    }
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
};

}  // namespace

records::RunRecord judge_run(const records::SuiteRecord& suite, const RunDirectory& directory,
                             const RunOptions& options) {
  return RunJudge(suite, directory, options).run();
}

}  // namespace isoframe::harness::run
