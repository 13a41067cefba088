#include "harness/run/suite_run.h"

#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "base/time.h"
#include "harness/judge/latency.h"
#include "harness/run/doubt.h"
#include "harness/run/earlier_run.h"
#include "harness/run/history.h"
#include "harness/run/judged_run.h"
#include "harness/run/locked_runs.h"
#include "harness/run/preflight.h"
#include "harness/run/round_loop.h"
#include "harness/run/run_directory.h"
#include "harness/run/suite_record.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using scenario::Case;

namespace {

/// Forgets failed rounds of an earlier run, so that they are tried again.
void forget_errors(const std::vector<Case>& cases, const RunDirectory& directory) {
  for (const Case& spec : cases) {
    for (int index = 0; index < rounds_of(spec); ++index)
      if (directory.has_error(spec, index)) directory.forget(spec, index);
    if (directory.error(spec)) directory.forget_locked(spec);
  }
}

/// Measures every case, and again what is in doubt.
void measure(RoundLoop& loop, const std::vector<Case>& cases, const records::SuiteRecord& suite,
             const RunDirectory& directory, const std::optional<EarlierRun>& earlier) {
  loop.run();
  for (int measurement = 1; measurement < judge::kMostMeasurements && !loop.interrupted(); ++measurement) {
    const std::vector<const Case*> doubtful = cases_in_doubt(cases, suite, directory, earlier);
    if (doubtful.empty()) break;
    loop.run_again(doubtful, measurement);
  }
}

}  // namespace

records::RunRecord run_suite(scenario::Suite suite, const RunOptions& options) {
  for (Case& spec : suite.cases)
    if (spec.skip_reason.empty()) settle_case(spec);
  for (const fs::path& earlier : options.against)
    if (!fs::exists(earlier / "run.json"))
      throw InputError(fmt::format("--against {}: no run.json there", earlier.string()));
  if (!options.against.empty()) check_repeats(suite.cases);
  records::SuiteRecord record = begin_suite(suite, options);
  // What will be needed is opened before anything is measured.
  const std::optional<EarlierRun> earlier =
      earlier_run(options.against, environment_of(record, suite.cases), suite.cases);
  std::optional<History> history;
  if (!options.history.empty()) history.emplace(options.history);
  const RunDirectory directory = RunDirectory::prepare(options.out, options.resume);
  directory.keep(record);
  if (options.resume) forget_errors(suite.cases, directory);

  RoundLoop loop(suite.cases, directory, options);
  measure(loop, suite.cases, record, directory, earlier);
  run_locked(suite.cases, record, directory, options);
  record.finished = base::utc_now();
  record.interrupted = loop.interrupted();
  directory.keep(record);
  records::RunRecord run = judge_run(record, directory, options);
  if (history) history->record(directory.path(), run, facts_of(directory.path(), run));
  return run;
}

records::RunRecord report_run(const fs::path& path, RunOptions options) {
  const RunDirectory directory(path);
  options.locate = LocateWhich::kNever;
  return judge_run(directory.suite(), directory, options);
}

int exit_code_of(const records::RunRecord& run, bool allow_skipped) {
  using records::Verdict;
  if (run.interrupted || run.count(Verdict::kError) > 0) return 3;
  if (run.count(Verdict::kFailed) > 0 || run.count(Verdict::kUntrusted) > 0) return 1;
  return run.count(Verdict::kPassed) > 0 || allow_skipped ? 0 : 1;
}

}  // namespace isoframe::harness::run
