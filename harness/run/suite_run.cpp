#include "harness/run/suite_run.h"

#include <algorithm>
#include <exception>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/shell.h"
#include "base/temporary_folder.h"
#include "base/time.h"
#include "harness/judge/latency.h"
#include "harness/run/doubt.h"
#include "harness/run/earlier_run.h"
#include "harness/run/entries.h"
#include "harness/run/history.h"
#include "harness/run/judged_run.h"
#include "harness/run/locked_runs.h"
#include "harness/run/origins.h"
#include "harness/run/preflight.h"
#include "harness/run/resumption.h"
#include "harness/run/round.h"
#include "harness/run/round_loop.h"
#include "harness/run/run_directory.h"
#include "harness/run/suite_record.h"
#include "harness/scenario/baselines.h"
#include "reports/records/run_files.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using scenario::Case;

namespace {

/// The record of the run before, in a directory to resume; nothing if it is a new one, or damaged.  Throws
/// InputError for one that can be read and that this program cannot go on with, a newer one's say.
std::optional<records::SuiteRecord> suite_before(const RunDirectory& directory) {
  if (!directory.has_whole_suite()) return std::nullopt;
  records::SuiteRecord before = directory.suite();
  cases_of(before);
  return before;
}

/// Opens the run directory.
RunDirectory prepare(RunOptions& options) {
  base::remove_abandoned_folders();
  if (!options.is_out_default || options.resume) {
    const bool is_new = !fs::exists(options.out / records::kSuiteFile);
    RunDirectory directory = RunDirectory::prepare(options.out, options.resume);
    if (is_new && options.resume)
      std::cerr << fmt::format("{} holds nothing to go on with: --resume begins anew\n",
                               options.out.string());
    return directory;
  }
  RunDirectory directory = RunDirectory::prepare_unique(options.out);
  options.out = directory.path();
  return directory;
}

/// Discards what of the run before cannot count, and returns the record that goes on with the rest.
records::SuiteRecord go_on(records::SuiteRecord record, const scenario::Suite& suite,
                           const RunDirectory& directory, Origins& origins) {
  const std::optional<records::SuiteRecord> before = suite_before(directory);
  const int kept = discard_unusable(suite.cases, directory, origins, std::cerr);
  if (!before) return record;
  record = resumed(std::move(record), *before, suite, std::cerr);
  if (kept > 0) record.started = before->started;
  return record;
}

/// Keeps the record of a run that has ended.  Returns why it could not be kept: the run is judged all the
/// same.
std::vector<std::string> keep_end(const records::SuiteRecord& record, const RunDirectory& directory) {
  try {
    directory.keep(record);
    return {};
  } catch (const RunError& error) {
    std::cerr << fmt::format("error: {}\n", error.what());
    return {error.what()};
  }
}

/// Records the run in the history, which is no part of its verdict.
void record_in(History& history, const RunDirectory& directory, const records::RunRecord& run) {
  try {
    history.record(directory.path(), run, facts_of(directory.path(), run));
  } catch (const std::exception& error) {
    std::cerr << fmt::format("warning: the run is not in the history: {}\n", error.what());
  }
}

/// Marks the cases that their engines say they cannot run, and those that lose their baseline so.
void skip_unable(std::vector<Case>& cases, Engines& engines) {
  for (Case& spec : cases)
    if (spec.skip_reason.empty() && scenario::is_foreign(spec))
      spec.skip_reason = engines.reason_to_skip(spec);
  scenario::skip_with_baselines(cases);
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

records::RunRecord run_suite(scenario::Suite suite, RunOptions& options) {
  for (Case& spec : suite.cases)
    if (spec.skip_reason.empty()) settle_case(spec);
  prepare_ranks(suite.cases, options.resident.get());
  for (const Case& spec : suite.cases)
    if (scenario::is_foreign(spec)) options.foreign_cases.insert(spec.name);
  Engines engines(options.interrupted);
  skip_unable(suite.cases, engines);
  for (const fs::path& earlier : options.against)
    if (!is_file(earlier / records::kRunFile))
      throw InputError(fmt::format("--against {}: no run.json there", earlier.string()));
  if (!options.against.empty()) check_repeats(suite.cases);
  records::SuiteRecord record = begin_suite(suite, options);
  // What will be needed is opened before anything is measured.
  const std::optional<EarlierRun> earlier =
      earlier_run(options.against, environment_of(record, suite.cases), suite.cases);
  std::optional<History> history;
  if (!options.history.empty()) history.emplace(options.history);
  const RunDirectory directory = prepare(options);
  Origins origins(engines);
  if (options.resume) record = go_on(std::move(record), suite, directory, origins);
  directory.keep(record);

  RoundLoop loop(suite.cases, directory, options, origins);
  measure(loop, suite.cases, record, directory, earlier);
  run_locked(suite.cases, record, directory, options);
  record.finished = base::utc_now();
  record.interrupted = loop.interrupted();
  std::vector<std::string> unwritten = keep_end(record, directory);
  records::RunRecord run = judge_run(record, directory, options, loop.unkept());
  std::ranges::move(unwritten, std::back_inserter(run.unwritten));
  if (history) record_in(*history, directory, run);
  return run;
}

records::RunRecord report_run(const fs::path& path, RunOptions options) {
  RunDirectory directory(path);
  options.locate = LocateWhich::kNever;
  const records::SuiteRecord suite = directory.suite();
  if (!options.out.empty()) directory.write_documents_to(options.out);
  directory.tidy();
  records::RunRecord run = judge_run(suite, directory, options);
  if (!run.unwritten.empty() && directory.is_written_to())
    std::cerr << fmt::format("isoframe report {} --out DIR writes elsewhere\n",
                             base::shell_quoted(path.string()));
  return run;
}

int exit_code_of(const records::RunRecord& run, bool allow_skipped) {
  using records::Verdict;
  if (run.interrupted || run.count(Verdict::kError) > 0 || !run.unwritten.empty()) return 3;
  if (run.count(Verdict::kFailed) > 0 || run.count(Verdict::kUntrusted) > 0) return 1;
  return run.count(Verdict::kPassed) > 0 || allow_skipped ? 0 : 1;
}

}  // namespace isoframe::harness::run
