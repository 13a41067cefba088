#include "harness/qualify/qualify.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json_file.h"
#include "base/time.h"
#include "harness/launch/progress.h"
#include "harness/measure/environment.h"
#include "harness/qualify/ballot.h"
#include "harness/qualify/certificate.h"
#include "harness/run/preflight.h"
#include "harness/run/round.h"
#include "harness/worker/observation.h"
#include "reports/certificate.h"

namespace isoframe::harness::qualify {

namespace fs = std::filesystem;
namespace records = reports::records;
using run::RoundResult;
using scenario::Case;
using worker::Observation;
using Clock = std::chrono::steady_clock;

namespace {

/// The name of the cases that promise the same bits: a baseline and those that must equal it.
std::string pool_of(const Case& spec) {
  return spec.gates.identical && !spec.baseline.empty() ? spec.baseline : spec.name;
}

class Qualification {
 public:
  Qualification(std::vector<Case> cases, const QualifyOptions& options)
      : cases_(std::move(cases)), options_(options) {
    for (const Case& spec : cases_)
      evidence_.cases.push_back(
          {spec.name, model::parallel::to_string(spec.layout), spec.layout.world_size()});
  }

  Evidence run() {
    const Clock::time_point start = Clock::now();
    const std::chrono::duration<double> limit(options_.duration_seconds);
    while (evidence_.repetitions < kFewestRepetitions || Clock::now() - start < limit) {
      progress_.emplace(static_cast<int>(cases_.size()) + 1);
      for (std::size_t index = 0; index < cases_.size() && !interrupted(); ++index) run_case(index);
      if (!interrupted()) try_machine();
      if (interrupted()) break;
      ++evidence_.repetitions;
    }
    progress_.reset();
    evidence_.interrupted = interrupted();
    for (const auto& [pool, ballot] : ballots_) {
      evidence_.votes += ballot.votes();
      std::ranges::copy(ballot.deviations(), std::back_inserter(evidence_.deviations));
      if (const auto undecided = ballot.undecided()) evidence_.undecided.push_back(*undecided);
    }
    return std::move(evidence_);
  }

 private:
  bool interrupted() const { return options_.interrupted != nullptr && *options_.interrupted; }

  /// Runs one round.  Runs a round whose files `keep` reads before they are removed; after a failure the
  /// ranks' logs stay.
  template <typename Keep>
  void run_round(const Case& spec, const std::string& name, Observation::Kind kind, CaseEvidence& evidence,
                 const Keep& keep) {
    const fs::path directory = options_.out / name / std::to_string(evidence_.repetitions);
    const run::RoundContext context{run::this_program(),
                                    [this](const launch::Progress& p) { progress_->update(p); },
                                    options_.interrupted};
    progress_->begin(fmt::format("repetition {}, {}", evidence_.repetitions + 1, name));
    const RoundResult result = run::run_round(spec, directory, context, {.kind = kind});
    progress_->end();
    if (result.error) {
      evidence.errors.push_back({*result.error, evidence_.repetitions});
      return;
    }
    if (result.status == RoundResult::Status::kOk) keep(directory);
    fs::remove_all(directory);
    std::error_code not_empty;
    fs::remove(options_.out / name, not_empty);
  }

  void run_case(std::size_t index) {
    const Case& spec = cases_[index];
    CaseEvidence& evidence = evidence_.cases[index];
    run_round(spec, spec.name, Observation::Kind::kBeside, evidence, [&](const fs::path& directory) {
      const records::RankRecord first = run::read_rank_records(directory, 1).front();
      evidence.seconds.push_back(first.total_seconds);
      // The checkpoint and the prompts are those of the first repetition.
      evidence.warnings = first.warnings;
      Ballot& ballot = ballots_[pool_of(spec)];
      for (int rank = 0; rank < spec.layout.world_size(); ++rank)
        ballot.add({spec.name, evidence_.repetitions, rank},
                   locate::recording_from_json(base::read_json(worker::recording_file(directory, rank))));
    });
  }

  void try_machine() {
    const auto largest =
        std::ranges::max_element(cases_, {}, [](const Case& spec) { return spec.layout.world_size(); });
    run_round(*largest, ".rates", Observation::Kind::kRates,
              evidence_.cases[static_cast<std::size_t>(largest - cases_.begin())],
              [&](const fs::path& directory) {
                evidence_.rates.push_back(run::read_machine_rates(directory, largest->layout.world_size()));
              });
  }

  std::vector<Case> cases_;
  const QualifyOptions& options_;
  std::optional<launch::ProgressLine> progress_;  ///< of the current repetition
  Evidence evidence_;
  std::map<std::string, Ballot> ballots_;
};

std::vector<Case> cases_to_run(scenario::Suite suite) {
  std::vector<Case> cases;
  for (Case& spec : suite.cases) {
    if (!spec.skip_reason.empty()) continue;
    run::settle_case(spec);
    cases.push_back(std::move(spec));
  }
  if (!cases.empty()) return cases;
  const std::string why = suite.cases.empty() ? "" : ": " + suite.cases.front().skip_reason;
  throw InputError("no case of the scenario can run here" + why);
}

}  // namespace

records::Certificate qualify(scenario::Suite suite, const QualifyOptions& options) {
  std::vector<std::string> files;
  for (const fs::path& file : suite.files) files.push_back(file.string());
  std::vector<Case> cases = cases_to_run(std::move(suite));
  if (fs::exists(options.out) && (!fs::is_directory(options.out) || !fs::is_empty(options.out)))
    throw InputError(fmt::format("{} is not an empty folder; choose another --out", options.out.string()));
  fs::create_directories(options.out);

  const std::string started = base::utc_now();
  records::Certificate certificate = certify(Qualification(std::move(cases), options).run());
  certificate.started = started;
  certificate.finished = base::utc_now();
  certificate.command = options.command;
  certificate.scenarios = std::move(files);
  certificate.environment = measure::environment();
  base::write_json(options.out / "certificate.json", records::to_json(certificate));
  base::write_text(options.out / "certificate.md", reports::certificate_markdown(certificate));
  return certificate;
}

int exit_code_of(const records::Certificate& certificate) {
  switch (certificate.verdict) {
    case records::Fitness::kFit:
      return 0;
    case records::Fitness::kUnfit:
      return 1;
    case records::Fitness::kUnfinished:
      return 3;
  }
  return 3;
}

}  // namespace isoframe::harness::qualify
