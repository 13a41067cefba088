#include "harness/qualify/qualify.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json_file.h"
#include "base/time.h"
#include "harness/launch/progress.h"
#include "harness/measure/host_load.h"
#include "harness/qualify/certificate.h"
#include "harness/qualify/evidence.h"
#include "harness/qualify/resume.h"
#include "harness/run/origins.h"
#include "harness/run/preflight.h"
#include "harness/run/round.h"
#include "harness/run/run_lock.h"
#include "harness/worker/observation.h"
#include "model/parallel/network.h"
#include "reports/certificate.h"

namespace isoframe::harness::qualify {

namespace fs = std::filesystem;
namespace records = reports::records;
using run::RoundResult;
using scenario::Case;
using worker::Observation;
using Clock = std::chrono::steady_clock;

namespace {

Count count_of(const Session& session) {
  Count count;
  for (const auto& [pool, ballot] : session.ballots) {
    count.votes += ballot.votes();
    Deviations deviations = ballot.deviations();
    std::ranges::move(deviations.listed, std::back_inserter(count.deviations.listed));
    count.deviations.repetitions.merge(deviations.repetitions);
    count.deviations.unlisted_votes += deviations.unlisted_votes;
    if (auto undecided = ballot.undecided()) count.undecided.push_back(std::move(*undecided));
  }
  return count;
}

/// The fewest repetitions after which a disturbed machine can be fit, if nothing disturbs it any more.
int fewest_repetitions(records::Evidence evidence) {
  while (evidence.repetitions < kFewestRepetitions || evidence.undisturbed < undisturbed_needed(evidence)) {
    ++evidence.repetitions;
    ++evidence.undisturbed;
  }
  return evidence.repetitions;
}

class Qualification {
 public:
  Qualification(std::vector<Case> cases, Session session, const QualifyOptions& options,
                std::vector<std::string> scenarios)
      : cases_(std::move(cases)),
        session_(std::move(session)),
        options_(options),
        scenarios_(std::move(scenarios)),
        seconds_before_(session_.evidence.seconds) {}

  records::Certificate run() {
    const records::Certificate before = certify(evidence(), count_of(session_));
    const int fewest = before.verdict == records::Fitness::kDisturbed ? fewest_repetitions(evidence()) : 0;
    records::Certificate certificate = keep_all();
    while (!interrupted() && (!is_over(evidence()) || evidence().repetitions < fewest)) {
      repeat();
      certificate = keep_all();
    }
    return certificate;
  }

 private:
  records::Evidence& evidence() { return session_.evidence; }
  bool interrupted() const { return options_.interrupted != nullptr && *options_.interrupted; }

  void repeat() {
    // Ranks that a launcher starts are no children of this process: their time would seem another's.
    std::optional<measure::HostWatch> watch;
    if (std::ranges::all_of(cases_, &std::string::empty, &Case::launcher))
      watch.emplace(measure::HostWatch::Own::kProcessAndChildren);
    Repetition repetition;
    index_ = evidence().next_repetition++;
    progress_.emplace(static_cast<int>(cases_.size()) + 1);
    for (std::size_t index = 0; index < cases_.size() && !interrupted(); ++index)
      repetition.seconds.push_back(run_case(index));
    if (!interrupted()) repetition.rates = try_machine();
    progress_.reset();
    if (interrupted()) return;
    if (watch) repetition.harness = {watch->load(model::parallel::host_name())};
    add(evidence(), repetition);
  }

  /// Writes all that is known.
  records::Certificate keep_all() {
    evidence().seconds = seconds_before_ + base::seconds_since(start_);
    keep(session_, options_.out);
    records::Certificate certificate = certify(evidence(), count_of(session_));
    certificate.interrupted = interrupted();
    if (is_over(evidence())) certificate.finished = base::utc_now();
    certificate.environment = evidence().cases.front().origin.environment;
    certificate.command = options_.command;
    certificate.scenarios = scenarios_;
    base::write_json(options_.out / kCertificateFile, records::to_json(certificate));
    base::write_text(options_.out / kCertificateDocument, reports::certificate_markdown(certificate));
    return certificate;
  }

  /// Runs one round, whose files `take` reads before they are removed.  The logs of a failed round stay, if
  /// its error is kept.
  template <typename Take>
  void run_round(const Case& spec, const std::string& name, Observation::Kind kind,
                 records::CaseEvidence& evidence, const Take& take) {
    const fs::path logs = fs::path(name) / std::to_string(index_);
    const fs::path directory = options_.out / logs;
    const run::RoundContext context{run::this_program(),
                                    [this](const launch::Progress& p) { progress_->update(p); },
                                    options_.interrupted};
    progress_->begin(fmt::format("repetition {}, {}", index_ + 1, name));
    const RoundResult result = run::run_round(spec, directory, context, {.kind = kind});
    progress_->end();
    if (result.error) {
      const bool is_kept = add(evidence, {*result.error, index_, logs.string()});
      // A fault that was seen must outlive a kill in the rest of the repetition.
      keep_all();
      if (is_kept) return;
    }
    if (result.status == RoundResult::Status::kOk) take(directory);
    fs::remove_all(directory);
    std::error_code not_empty;
    fs::remove(options_.out / name, not_empty);
  }

  std::optional<double> run_case(std::size_t index) {
    const Case& spec = cases_[index];
    records::CaseEvidence& evidence = session_.evidence.cases[index];
    std::optional<double> seconds;
    run_round(spec, spec.name, Observation::Kind::kBeside, evidence, [&](const fs::path& directory) {
      const records::RankRecord first = run::read_rank_records(directory, 1).front();
      seconds = first.total_seconds;
      // The checkpoint and the prompts are those of the first repetition.
      evidence.warnings = first.warnings;
      Ballot& ballot = session_.ballots[evidence.pool];
      for (int rank = 0; rank < spec.layout.world_size(); ++rank)
        ballot.add({spec.name, index_, rank},
                   locate::recording_from_json(base::read_json(worker::recording_file(directory, rank))));
    });
    return seconds;
  }

  std::vector<records::MachineRates> try_machine() {
    const auto largest =
        std::ranges::max_element(cases_, {}, [](const Case& spec) { return spec.layout.world_size(); });
    std::vector<records::MachineRates> rates;
    run_round(*largest, kRatesFolder, Observation::Kind::kRates,
              evidence().cases[static_cast<std::size_t>(largest - cases_.begin())],
              [&](const fs::path& directory) {
                rates = run::read_machine_rates(directory, largest->layout.world_size());
              });
    return rates;
  }

  std::vector<Case> cases_;
  Session session_;
  const QualifyOptions& options_;
  std::vector<std::string> scenarios_;
  double seconds_before_;
  Clock::time_point start_ = Clock::now();
  int index_ = 0;                                 ///< of the current repetition
  std::optional<launch::ProgressLine> progress_;  ///< of the current repetition
};

/// Throws InputError for a case whose folder would be a file of qualify's own.
void check_name(const Case& spec) {
  for (const char* file : {kEvidenceFile, kCertificateFile, kCertificateDocument})
    if (spec.name == file)
      throw InputError(fmt::format(
          "a case cannot be named '{}': qualify writes a file of that name; rename it", spec.name));
}

std::vector<Case> cases_to_run(scenario::Suite suite) {
  std::vector<Case> cases;
  for (Case& spec : suite.cases) {
    if (!spec.skip_reason.empty()) continue;
    check_name(spec);
    run::settle_case(spec);
    cases.push_back(std::move(spec));
  }
  if (!cases.empty()) return cases;
  const std::string why = suite.cases.empty() ? "" : ": " + suite.cases.front().skip_reason;
  throw InputError("no case of the scenario can run here" + why);
}

Session begin_session(const std::vector<Case>& cases, const QualifyOptions& options) {
  const bool is_new = is_free(options.out);
  if (!is_new && !options.resume) {
    const bool can_resume = fs::exists(options.out / kEvidenceFile);
    throw InputError(fmt::format("{} is not an empty folder; choose another --out{}", options.out.string(),
                                 can_resume ? ", or go on with it by --resume" : ""));
  }
  if (is_new && options.resume)
    std::cerr << fmt::format("{} holds nothing to go on with: --resume begins anew\n", options.out.string());
  run::Engines engines;
  run::Origins now(engines);
  std::vector<records::Origin> origins;
  for (const Case& spec : cases) origins.push_back(now.of(spec));
  Session session = is_new ? new_session(cases, origins) : resumed_session(options.out, cases, origins);
  records::Evidence& evidence = session.evidence;
  const double earlier = is_new ? kDurationSeconds : evidence.duration_seconds;
  evidence.duration_seconds = options.duration_seconds.value_or(earlier);
  remove_leftovers(options.out, evidence);
  return session;
}

}  // namespace

records::Certificate qualify(scenario::Suite suite, const QualifyOptions& options) {
  std::vector<std::string> files;
  for (const fs::path& file : suite.files) files.push_back(file.string());
  std::vector<Case> cases = cases_to_run(std::move(suite));
  base::make_folder(options.out);
  const run::RunLock lock(options.out);
  Session session = begin_session(cases, options);
  return Qualification(std::move(cases), std::move(session), options, std::move(files)).run();
}

int exit_code_of(const records::Certificate& certificate) {
  switch (certificate.verdict) {
    case records::Fitness::kFit:
      return 0;
    case records::Fitness::kUnfit:
    case records::Fitness::kDisturbed:
      return 1;
    case records::Fitness::kUnfinished:
      return 3;
  }
  return 3;
}

}  // namespace isoframe::harness::qualify
